//! The command line: what can be asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use lexopt::{Arg, Parser, ValueExt};

use crate::browser::Browser;
use crate::failure::{Failure, Outcome};

/// What `cargo xtask --help` prints.
pub const HELP: &str = "\
cargo xtask COMMAND

  dev          [--port 8080] [--llm URL --model NAME] [--data DIR] [--release]
               start the demo servers and the app, rebuilt whenever a file changes
  build
               make the release in dist/, print its sizes, fail above the size budget
  desktop      [--port 8080] [--release]
               start what dev starts and show it in a window of its own; with --release build the window's program
               with the app inside and the local server beside it
  test         [fmt] [clippy] [native] [browser] [build] [e2e] [--browser NAME] [--desktop]
               run the checks and tests, all of them or the named parts; the journeys run in chromium and in
               firefox, or in the one that is named (chromium, firefox, webkit); --desktop runs those of the desktop
               shell, which nothing else does
  bench        [native] [flood] [paced] [long] [memory] [--quick]
               measure natively, and in Chromium beside two plain pages, all or the named parts; fail where a
               promise is broken; one round instead of three with --quick
  conformance  --server URL [--server2 URL] [--user NAME] [--app-port 5173] [--browser chromium]
               run the browser journeys against running Soliplex servers
  help         print this
";

/// A command with its options.
#[derive(Debug, PartialEq, Eq)]
pub enum Command {
    /// Print [`HELP`].
    Help,
    /// Demo servers and a rebuilding app.
    Dev(Dev),
    /// The release.
    Build,
    /// The app in a window of its own.
    Desktop(Desktop),
    /// The checks and tests, in order.
    Test(Test),
    /// The measurements.
    Bench(Bench),
    /// The browser journeys against servers that run elsewhere.
    Conformance(Conformance),
}

/// Options of `dev`.
#[derive(Debug, PartialEq, Eq)]
pub struct Dev {
    /// Port of the app.
    pub port: u16,
    /// Address of an OpenAI-compatible endpoint for the demo's chatting room.
    pub llm: Option<String>,
    /// The model to ask for there.
    pub model: Option<String>,
    /// Folder in which the demo keeps its threads; in memory without it.
    pub data: Option<PathBuf>,
    /// Build the app optimised.
    pub release: bool,
}

/// Options of `desktop`.
#[derive(Debug, PartialEq, Eq)]
pub struct Desktop {
    /// Port of the app's development server.
    pub port: u16,
    /// Build what is given to people, and start nothing.
    pub release: bool,
}

/// Options of `test`.
#[derive(Debug, PartialEq, Eq)]
pub struct Test {
    /// What to run, in order.
    pub parts: Vec<Part>,
    /// Where the journeys run.
    pub browsers: Vec<Browser>,
}

/// Options of `bench`.
#[derive(Debug, PartialEq, Eq)]
pub struct Bench {
    /// What to measure; everything where nothing is named.
    pub parts: Vec<String>,
    /// Whether one round is enough.
    pub quick: bool,
}

/// Options of `conformance`.
#[derive(Debug, PartialEq, Eq)]
pub struct Conformance {
    /// One or two server addresses.
    pub servers: Vec<String>,
    /// The name to sign in with.
    pub user: String,
    /// Port of the app: a server must trust the origin `http://127.0.0.1:PORT`.
    pub app_port: u16,
    /// Where the journeys run.
    pub browser: Browser,
}

/// A part of `test`, in the order in which they run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Formatting.
    Fmt,
    /// Lints, native and WASM.
    Clippy,
    /// Native tests.
    Native,
    /// Tests in a headless browser.
    Browser,
    /// The release and its size budget.
    Build,
    /// The journeys through the release in a browser.
    E2e,
    /// All of the desktop shell: asked for by name, since it takes as long as everything else together.
    Desktop,
}

impl Part {
    /// The usual parts, cheapest first.
    pub const ALL: [Self; 6] = [
        Self::Fmt,
        Self::Clippy,
        Self::Native,
        Self::Browser,
        Self::Build,
        Self::E2e,
    ];

    /// The word on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fmt => "fmt",
            Self::Clippy => "clippy",
            Self::Native => "native",
            Self::Browser => "browser",
            Self::Build => "build",
            Self::E2e => "e2e",
            Self::Desktop => "desktop",
        }
    }
}

/// Reads the arguments after `cargo xtask`.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Outcome<Command> {
    read(Parser::from_args(arguments)).map_err(|error| {
        Failure::new(format!(
            "{error} (cargo xtask help lists what can be asked for)"
        ))
    })
}

fn read(mut arguments: Parser) -> Result<Command, lexopt::Error> {
    let word = match arguments.next()? {
        None | Some(Arg::Short('h') | Arg::Long("help")) => return Ok(Command::Help),
        Some(Arg::Value(word)) => word.string()?,
        Some(other) => return Err(other.unexpected()),
    };
    match word.as_str() {
        "dev" => dev(&mut arguments),
        "build" => alone(&mut arguments, Command::Build),
        "desktop" => desktop(&mut arguments),
        "bench" => bench(&mut arguments),
        "test" => test(&mut arguments),
        "conformance" => conformance(&mut arguments),
        "help" => Ok(Command::Help),
        _ => Err(format!("there is no command '{word}'").into()),
    }
}

fn dev(arguments: &mut Parser) -> Result<Command, lexopt::Error> {
    let mut options = Dev {
        port: 8080,
        llm: None,
        model: None,
        data: None,
        release: false,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => options.port = arguments.value()?.parse()?,
            Arg::Long("llm") => options.llm = Some(arguments.value()?.string()?),
            Arg::Long("model") => options.model = Some(arguments.value()?.string()?),
            Arg::Long("data") => options.data = Some(arguments.value()?.into()),
            Arg::Long("release") => options.release = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    if options.model.is_some() && options.llm.is_none() {
        return Err("--model needs --llm URL".into());
    }
    Ok(Command::Dev(options))
}

fn desktop(arguments: &mut Parser) -> Result<Command, lexopt::Error> {
    let mut options = Desktop {
        port: 8080,
        release: false,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("port") => options.port = arguments.value()?.parse()?,
            Arg::Long("release") => options.release = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Desktop(options))
}

/// `profile-flood`, `profile-paced` and `profile-long` are for those who look for what is slow: they judge nothing.
const BENCH_PARTS: [&str; 10] = [
    "native",
    "flood",
    "paced",
    "long",
    "memory",
    "profile-flood",
    "profile-paced",
    "profile-long",
    "profile-flood-page",
    "profile-paced-page",
];

fn bench(arguments: &mut Parser) -> Result<Command, lexopt::Error> {
    let mut options = Bench {
        parts: Vec::new(),
        quick: false,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(word) => {
                let word = word.string()?;
                if !BENCH_PARTS.contains(&word.as_str()) {
                    return Err(format!("there is no measurement '{word}'").into());
                }
                options.parts.push(word);
            }
            Arg::Long("quick") => options.quick = true,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    Ok(Command::Bench(options))
}

/// A command that takes no options.
fn alone(arguments: &mut Parser, command: Command) -> Result<Command, lexopt::Error> {
    match arguments.next()? {
        None => Ok(command),
        Some(Arg::Short('h') | Arg::Long("help")) => Ok(Command::Help),
        Some(other) => Err(other.unexpected()),
    }
}

fn test(arguments: &mut Parser) -> Result<Command, lexopt::Error> {
    let mut parts = Vec::new();
    let mut browsers = Browser::USUAL.to_vec();
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Value(word) => {
                let word = word.string()?;
                let part = Part::ALL.into_iter().find(|part| part.name() == word);
                parts.push(part.ok_or_else(|| format!("there is no test part '{word}'"))?);
            }
            Arg::Long("browser") => browsers = vec![browser(arguments)?],
            Arg::Long("desktop") => parts.push(Part::Desktop),
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    if parts.is_empty() {
        parts.extend(Part::ALL);
    }
    parts.sort_unstable();
    parts.dedup();
    Ok(Command::Test(Test { parts, browsers }))
}

fn browser(arguments: &mut Parser) -> Result<Browser, lexopt::Error> {
    let word = arguments.value()?.string()?;
    Browser::named(&word).ok_or_else(|| format!("there is no browser '{word}' here").into())
}

fn conformance(arguments: &mut Parser) -> Result<Command, lexopt::Error> {
    let mut options = Conformance {
        servers: Vec::new(),
        user: "alice".to_owned(),
        app_port: 5173,
        browser: Browser::Chromium,
    };
    while let Some(argument) = arguments.next()? {
        match argument {
            Arg::Long("server" | "server2") => {
                let server = arguments.value()?.string()?;
                options
                    .servers
                    .push(server.trim_end_matches('/').to_owned());
            }
            Arg::Long("user") => options.user = arguments.value()?.string()?,
            Arg::Long("app-port") => options.app_port = arguments.value()?.parse()?,
            Arg::Long("browser") => options.browser = browser(arguments)?,
            Arg::Short('h') | Arg::Long("help") => return Ok(Command::Help),
            other => return Err(other.unexpected()),
        }
    }
    match options.servers.len() {
        1 | 2 => Ok(Command::Conformance(options)),
        _ => Err("conformance needs --server URL once or twice".into()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Outcome<Command> {
        parse(line.split_whitespace().map(OsString::from))
    }

    #[test]
    fn nothing_asked_for_is_a_question_for_help() {
        assert_eq!(parsed("").unwrap(), Command::Help);
        assert_eq!(parsed("--help").unwrap(), Command::Help);
        assert_eq!(parsed("dev --help").unwrap(), Command::Help);
    }

    #[test]
    fn every_command_and_test_part_is_in_the_help() {
        for word in ["dev", "build", "desktop", "test", "bench", "conformance"] {
            assert!(HELP.contains(&format!("\n  {word}")), "{word}");
        }
        for part in Part::ALL {
            assert!(HELP.contains(&format!("[{}]", part.name())), "{part:?}");
        }
    }

    #[test]
    fn test_runs_all_parts_unless_some_are_named() {
        let test = |line: &str| match parsed(line).unwrap() {
            Command::Test(test) => test,
            other => panic!("{other:?}"),
        };
        assert_eq!(test("test").parts, Part::ALL);
        assert_eq!(test("test e2e fmt fmt").parts, [Part::Fmt, Part::E2e]);
        assert!(parsed("test nothing").is_err());
        assert_eq!(test("test --desktop").parts, [Part::Desktop]);
        assert_eq!(test("test --desktop fmt").parts, [Part::Fmt, Part::Desktop]);
    }

    #[test]
    fn the_desktop_is_shown_unless_its_release_is_asked_for() {
        let desktop = |line: &str| match parsed(line).unwrap() {
            Command::Desktop(options) => (options.port, options.release),
            other => panic!("{other:?}"),
        };
        assert_eq!(desktop("desktop"), (8080, false));
        assert_eq!(desktop("desktop --port 9000 --release"), (9000, true));
        assert!(parsed("desktop now").is_err());
    }

    #[test]
    fn journeys_run_in_all_browsers_unless_one_is_named() {
        let browsers = |line: &str| match parsed(line).unwrap() {
            Command::Test(test) => test.browsers,
            Command::Conformance(options) => vec![options.browser],
            other => panic!("{other:?}"),
        };
        assert_eq!(browsers("test"), Browser::USUAL);
        assert_eq!(browsers("test e2e --browser firefox"), [Browser::Firefox]);
        assert_eq!(browsers("conformance --server a"), [Browser::Chromium]);
        let chosen = browsers("conformance --server a --browser firefox");
        assert_eq!(chosen, [Browser::Firefox]);
        assert!(parsed("test --browser lynx").is_err());
    }

    #[test]
    fn measurements_are_all_made_unless_some_are_named() {
        let bench = |line: &str| match parsed(line).unwrap() {
            Command::Bench(options) => (options.parts, options.quick),
            other => panic!("{other:?}"),
        };
        assert_eq!(bench("bench"), (Vec::new(), false));
        let (parts, quick) = bench("bench flood --quick long");
        assert_eq!((parts, quick), (vec!["flood".into(), "long".into()], true));
        assert!(parsed("bench nothing").is_err());
    }

    #[test]
    fn conformance_takes_one_or_two_servers() {
        let Command::Conformance(options) =
            parsed("conformance --server http://a/ --server2 http://b --user bob").unwrap()
        else {
            panic!("another command");
        };
        assert_eq!(options.servers, ["http://a", "http://b"]);
        assert_eq!(options.user, "bob");
        assert_eq!(options.app_port, 5173);
        assert!(parsed("conformance").is_err());
        assert!(parsed("conformance --server a --server b --server c").is_err());
    }

    #[test]
    fn a_model_without_its_endpoint_is_refused() {
        assert!(parsed("dev --model tiny").is_err());
        assert!(parsed("dev --llm http://127.0.0.1:1 --model tiny").is_ok());
        assert!(parsed("dev --port many").is_err());
    }
}
