//! The local server as a real program: found, started, read, asked, ended.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

use super::{Launch, Process, Reason};

/// What the program says once it listens; the address follows.
const MARK: &str = "listening http://127.0.0.1:";
const HEALTH: &str = "/api/ok";
const ANSWER: Duration = Duration::from_secs(2);
/// It ends by itself when its input closes. That is waited for, so that it can write its files.
const POLITE: Duration = Duration::from_secs(3);

/// The program of the local server with its arguments.
#[derive(Clone, Debug)]
pub struct Program {
    /// Its file; `None` when it was not found.
    pub file: Option<PathBuf>,
    /// What it is started with.
    pub arguments: Vec<OsString>,
}

/// Where the program is: named by the environment of a development build, beside the app, or where cargo puts it.
pub fn find() -> Option<PathBuf> {
    let name = format!("enfilade-demo{}", env::consts::EXE_SUFFIX);
    let own = env::current_exe().ok();
    let beside = own
        .as_deref()
        .and_then(Path::parent)
        .map(|folder| folder.join(&name));
    let mut places: Vec<PathBuf> = beside.into_iter().collect();
    if cfg!(any(debug_assertions, feature = "faults")) {
        if let Some(named) = env::var_os("ENFILADE_SIDECAR") {
            return Some(PathBuf::from(named)).filter(|file| file.is_file());
        }
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/debug");
        places.push(workspace.join(&name));
    }
    places.into_iter().find(|file| file.is_file())
}

impl Launch for Program {
    type Process = Server;

    fn launch(&mut self) -> Result<Server, Reason> {
        let file = self
            .file
            .as_ref()
            .filter(|file| file.is_file())
            .ok_or(Reason::Missing)?;
        let mut command = Command::new(file);
        command
            .args(&self.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(windows)]
        command.creation_flags(0x0800_0000); // no console window
        let mut child = command.spawn().map_err(|error| {
            eprintln!("the local server cannot be started: {error}");
            Reason::Exited
        })?;
        let output = child.stdout.take().map(BufReader::new);
        let input = child.stdin.take();
        Ok(Server {
            child,
            input,
            output,
        })
    }
}

/// The running program.
pub struct Server {
    child: Child,
    /// Kept open, and here: waiting for a child closes the one that it has, and a closed one ends the server.
    input: Option<ChildStdin>,
    /// Kept open: a closed pipe would end it at its next word.
    output: Option<BufReader<ChildStdout>>,
}

impl Process for Server {
    async fn port(&mut self) -> Option<u16> {
        let output = self.output.as_mut()?;
        let mut line = String::new();
        loop {
            line.clear();
            match output.read_line(&mut line).await {
                Ok(0) | Err(_) => return None,
                Ok(_) => {}
            }
            if let Some(port) = port_in(&line) {
                return Some(port);
            }
        }
    }

    async fn answers(&self, port: u16) -> bool {
        timeout(ANSWER, asked(port))
            .await
            .is_ok_and(|answer| answer.is_ok_and(|is_ok| is_ok))
    }

    async fn ended(&mut self) {
        match self.child.wait().await {
            Ok(status) => eprintln!("the local server ended by itself ({status})"),
            Err(error) => eprintln!("the local server cannot be watched: {error}"),
        }
    }

    async fn end(mut self) {
        drop(self.input.take());
        if timeout(POLITE, self.child.wait()).await.is_err() {
            // It may have ended in this moment, which is what is wanted.
            let _ = self.child.kill().await;
        }
    }
}

fn port_in(line: &str) -> Option<u16> {
    line.trim_end()
        .strip_prefix(MARK)?
        .parse()
        .ok()
        .filter(|port| *port != 0)
}

async fn asked(port: u16) -> std::io::Result<bool> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
    let request =
        format!("GET {HEALTH} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).await?;
    Ok(head.starts_with(b"HTTP/1.") && head.ends_with(b" 200"))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_read_from_one_line_and_no_other() {
        assert_eq!(port_in("listening http://127.0.0.1:40123\n"), Some(40123));
        for line in [
            "listening http://127.0.0.1:0",
            "listening http://10.0.0.1:80",
            "hello",
            "",
        ] {
            assert_eq!(port_in(line), None, "{line}");
        }
    }

    #[tokio::test]
    async fn a_program_that_is_not_there_is_missing() {
        let mut program = Program {
            file: Some(PathBuf::from("/no/such/file")),
            arguments: vec![],
        };
        assert!(matches!(program.launch(), Err(Reason::Missing)));
        program.file = None;
        assert!(matches!(program.launch(), Err(Reason::Missing)));
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_program_names_its_port_and_ends_when_its_input_closes() {
        let script = "echo starting; echo listening http://127.0.0.1:4567; cat > /dev/null";
        let mut program = Program {
            file: Some(PathBuf::from("/bin/sh")),
            arguments: vec!["-c".into(), script.into()],
        };
        let mut server = program.launch().unwrap();
        assert_eq!(server.port().await, Some(4567));
        assert!(!server.answers(1).await);
        let watched = timeout(Duration::from_millis(200), server.ended()).await;
        assert!(watched.is_err(), "watching it does not end it");
        timeout(POLITE, server.end())
            .await
            .expect("it ended by itself");
    }
}
