//! The commands of this workspace: `cargo xtask dev | build | desktop | test | bench | conformance`.

mod assets;
mod bench;
mod browser;
mod build;
mod cli;
mod conformance;
mod css;
mod demo;
mod desktop;
mod dev;
mod failure;
mod html;
mod http;
mod modules;
mod order;
mod process;
mod prune;
mod shorten;
mod sizes;
mod split;
mod summary;
mod test;
mod tools;
mod wasm;
mod workspace;

use std::process::ExitCode;

use cli::Command;
use failure::Outcome;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Outcome<()> {
    let command = cli::parse(std::env::args_os().skip(1))?;
    process::catch_interrupts()?;
    match command {
        Command::Help => {
            print!("{}", cli::HELP);
            Ok(())
        }
        Command::Dev(options) => dev::check(&options).and_then(|()| dev::run_dev(&options)),
        Command::Build => build::run_build(),
        Command::Desktop(options) => desktop::run_desktop(&options),
        Command::Bench(options) => bench::run_bench(&options),
        Command::Test(options) => test::run_test(&options),
        Command::Conformance(options) => conformance::run_conformance(&options),
    }
}
