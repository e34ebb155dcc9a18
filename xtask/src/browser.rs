//! The pages in a real browser.

use crate::environment::{Result, command, root, run, target};
use std::path::PathBuf;

/// Opens every kind of page in Chromium; `pictures` is a folder for the screenshots of the documentation.
pub fn browser(pictures: Option<&str>) -> Result<()> {
    let chromium = chromium()?;
    let modules = modules()?;
    let mut node = command("node");
    node.arg("tests/browser/pages.mjs")
        .env("OVERLAP_BIN", target().join("debug").join("overlap"))
        .env("OVERLAP_MODULES", modules)
        .env("CHROMIUM", chromium);
    if let Some(pictures) = pictures {
        node.env("OVERLAP_PICTURES", pictures);
    }
    run(&mut node)
}

fn chromium() -> Result<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = [
        "/usr/bin/chromium",
        "/usr/bin/chromium-browser",
        "/usr/bin/google-chrome",
    ];
    let mut places = named.into_iter().chain(usual.map(PathBuf::from));
    places.find(|path| path.exists()).ok_or_else(|| {
        "the tests of pages did not run, they need Chromium and Node 18 or later:\n\n    \
         apt-get install chromium nodejs npm"
            .into()
    })
}

fn modules() -> Result<PathBuf> {
    packages("browser")
}

/// The packages of `tests/NAME/package.json`, under `target/NAME`.
pub fn packages(name: &str) -> Result<PathBuf> {
    let folder = target().join(name);
    let wanted = root().join("tests").join(name).join("package.json");
    let wanted = std::fs::read_to_string(&wanted).map_err(|e| e.to_string())?;
    let stamp = folder.join("package.json");
    let is_there = folder.join("node_modules").exists();
    if is_there && std::fs::read_to_string(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(folder);
    }
    std::fs::create_dir_all(&folder).map_err(|e| e.to_string())?;
    std::fs::write(&stamp, wanted).map_err(|e| e.to_string())?;
    let install = ["install", "--no-audit", "--no-fund", "--ignore-scripts"];
    run(command("npm").args(install).current_dir(&folder))?;
    Ok(folder)
}
