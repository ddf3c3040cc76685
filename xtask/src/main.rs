//! The command line of `cargo xtask`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use xtask::Dist;

/// What is done with the checkout beside building it.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", max_term_width = 100)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make an archive and a Debian package of the program, the cores and all that belongs to them
    Dist {
        /// The profile to build with
        #[arg(long, default_value = "release")]
        profile: String,
        /// Build nothing: take the program and the cores from this folder of a build
        #[arg(long, value_name = "FOLDER", conflicts_with = "profile")]
        built: Option<PathBuf>,
        /// Pack the nats core, too
        #[arg(long)]
        nats: bool,
        /// Where the packages go [default: target/dist]
        #[arg(short, long, value_name = "FOLDER")]
        out: Option<PathBuf>,
        /// Who answers for the Debian package
        #[arg(long, value_name = "NAME <ADDRESS>", default_value = "mqscript <root@localhost>")]
        maintainer: String,
    },
}

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout above xtask").to_owned();
    let Command::Dist { profile, built, nats, out, maintainer } = Arguments::parse().command;
    let out = out.unwrap_or_else(|| root.join("target/dist"));
    let made = xtask::dist(&Dist { root, profile, built, nats, out, maintainer })?;
    for path in made.files() {
        println!("{}", path.display());
    }
    if made.deb.is_none() {
        eprintln!("no Debian package: there is no program dpkg-deb here");
    }
    Ok(())
}
