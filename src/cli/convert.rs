//! `overlap convert`.

use super::args::ImageArgs;
use clap::ValueEnum;
use overlap::{ConvertRequest, ConvertTo, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Sketch files: .ovs, .theta and .hll (of one name: one sketch), or Parquet with columns of
    /// images
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    images: ImageArgs,

    /// The form: images that Apache DataSketches reads, one .theta and one .hll file a sketch, or a
    /// sketch table
    #[arg(long, value_enum)]
    to: Form,

    /// The folder of the images, or the file of the table
    #[arg(short, long, value_name = "PATH")]
    output: PathBuf,
}

#[derive(Clone, Copy, ValueEnum)]
enum Form {
    Datasketches,
    Ovs,
}

pub fn run(args: &Args) -> Result<()> {
    let output = args.output.clone();
    let written = overlap::convert(&ConvertRequest {
        files: args.files.clone(),
        images: args.images.columns(),
        to: match args.to {
            Form::Datasketches => ConvertTo::DataSketches(output),
            Form::Ovs => ConvertTo::Table(output),
        },
    })?;
    super::print(&(written.join("\n") + "\n"))
}
