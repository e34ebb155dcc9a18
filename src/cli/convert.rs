//! `overlap convert`.

use super::args::ImageArgs;
use super::key::KeyArgs;
use clap::ValueEnum;
use overlap::{ConvertRequest, ConvertTo, Result};
use std::path::PathBuf;

#[derive(clap::Args)]
pub struct Args {
    /// Sketch files: .ovs, .theta and .hll (two with one name are one sketch), or Parquet files with
    /// columns of DataSketches' sketches
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    images: ImageArgs,

    #[command(flatten)]
    key: KeyArgs,

    /// Form to write: datasketches writes a .theta and an .hll file for each sketch, ovs a sketch file of
    /// this program
    #[arg(long, value_enum)]
    to: Form,

    /// Folder for the .theta and .hll files, or the sketch file to write
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
        key: args.key.key()?,
        to: match args.to {
            Form::Datasketches => ConvertTo::DataSketches(output),
            Form::Ovs => ConvertTo::Table(output),
        },
    })?;
    super::print(&(written.join("\n") + "\n"))
}
