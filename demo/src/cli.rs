//! The command line.

use std::path::PathBuf;

use clap::Parser;

use crate::{AppOptions, LocalOptions, Options};

/// Servers to try Enfilade with, on this machine only: three agent servers, the provider that signs their users in, and
/// two cores.
/// Any name signs in; there is no password.
#[derive(Debug, Parser)]
#[command(name = "enfilade-demo", version)]
pub struct Cli {
    /// Port of the provider; the three servers and the two cores take the next five. 0 takes any free ones
    #[arg(long, value_name = "N", default_value_t = 8700)]
    base_port: u16,
    /// Folder of a built app to serve
    #[arg(long, value_name = "DIR")]
    app: Option<PathBuf>,
    /// Port of the app
    #[arg(long, value_name = "P", default_value_t = 8080, requires = "app")]
    app_port: u16,
    /// Folder to keep threads and sign-ins in; without it they are forgotten at the end
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// OpenAI-compatible endpoint for the room "Live model", such as http://127.0.0.1:11434/v1.
    /// Its key is read from ENFILADE_LLM_KEY
    #[arg(long, value_name = "URL")]
    llm: Option<String>,
    /// Model to ask for
    #[arg(long, value_name = "NAME", default_value = "default", requires = "llm")]
    model: String,
    /// https origin that tokens may be sent to, besides this machine; with --local a page that may ask.
    /// May be given several times
    #[arg(long, value_name = "ORIGIN")]
    allow_origin: Vec<String>,
    /// One server without sign-in on a port that the system chooses, for the desktop app: says where it listens, and
    /// ends when its input closes
    #[arg(long, conflicts_with_all = ["base_port", "app"])]
    local: bool,
}

/// What was asked for.
#[derive(Debug)]
pub enum Asked {
    /// All demonstration servers.
    All(Options),
    /// The one of the desktop app.
    Local(LocalOptions),
}

impl From<Cli> for Asked {
    fn from(cli: Cli) -> Self {
        if cli.local {
            return Self::Local(LocalOptions {
                data: cli.data,
                llm: cli.llm.map(|url| (url, cli.model)),
                pages: cli.allow_origin,
            });
        }
        Self::All(cli.into())
    }
}

impl From<Cli> for Options {
    fn from(cli: Cli) -> Self {
        Self {
            base_port: cli.base_port,
            app: cli.app.map(|folder| AppOptions {
                folder,
                port: cli.app_port,
            }),
            data: cli.data,
            llm: cli.llm.map(|url| (url, cli.model)),
            allowed_origins: cli.allow_origin,
            ..Self::default()
        }
    }
}
