//! The command line of `cargo xtask`.

use anyhow::Result;
use clap::{Parser, Subcommand};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use xtask::{Dist, Measured};

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
    /// Count the instructions that a message takes in five models, and fail if one takes 2 % more than its bound
    Instructions {
        /// Write the bounds anew
        #[arg(long)]
        update: bool,
    },
}

fn main() -> Result<ExitCode> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the checkout above xtask").to_owned();
    match Arguments::parse().command {
        Command::Dist { profile, built, nats, out, maintainer } => {
            let out = out.unwrap_or_else(|| root.join("target/dist"));
            pack(&Dist { root, profile, built, nats, out, maintainer })
        }
        Command::Instructions { update } => count(&root, update),
    }
}

fn pack(dist: &Dist) -> Result<ExitCode> {
    let made = xtask::dist(dist)?;
    for path in made.files() {
        println!("{}", path.display());
    }
    if made.deb.is_none() {
        eprintln!("no Debian package: there is no program dpkg-deb here");
    }
    Ok(ExitCode::SUCCESS)
}

fn count(root: &Path, update: bool) -> Result<ExitCode> {
    Ok(match xtask::instructions(root, update)? {
        Measured::Skipped(reason) => {
            println!("skipped: {reason}");
            ExitCode::SUCCESS
        }
        Measured::Table { text, kept } => {
            print!("{text}");
            if kept { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
    })
}
