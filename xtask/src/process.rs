//! Programs we start: run to the end, or kept running in the background, and ended with all they started.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome, Trying};

static INTERRUPTED: AtomicBool = AtomicBool::new(false);
const POLL: Duration = Duration::from_millis(50);
#[cfg(unix)]
const POLITE: Duration = Duration::from_secs(3);
const GRACE: Duration = Duration::from_secs(5);

/// From here on Ctrl+C and a termination request only raise a flag, which every wait in this module obeys.
pub fn catch_interrupts() -> Outcome<()> {
    ctrlc::set_handler(|| INTERRUPTED.store(true, Ordering::SeqCst))
        .trying(|| "listen for Ctrl+C".to_owned())
}

/// Whether the person asked us to end.
pub fn interrupted() -> bool {
    INTERRUPTED.load(Ordering::SeqCst)
}

/// Pauses for `time`, or less after an interrupt.
pub fn pause(time: Duration) -> Outcome<()> {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if interrupted() {
            return Err(Failure::new("interrupted"));
        }
        sleep(POLL.min(until.saturating_duration_since(Instant::now())));
    }
    Ok(())
}

/// A program in a process group of its own, so that what it starts ends with it.
pub struct Running {
    name: String,
    child: Child,
    ended: bool,
}

impl Running {
    /// Starts `command`; `name` is what messages call it.
    pub fn start(name: &str, command: &mut Command) -> Outcome<Self> {
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(command, 0);
        let child = command
            .stdin(Stdio::null())
            .spawn()
            .trying(|| format!("start {name}"))?;
        Ok(Self {
            name: name.to_owned(),
            child,
            ended: false,
        })
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Outcome<Option<ExitStatus>> {
        let status = self
            .child
            .try_wait()
            .trying(|| format!("watch {}", self.name))?;
        self.ended |= status.is_some();
        Ok(status)
    }

    /// Fails if it no longer runs.
    pub fn must_run(&mut self) -> Outcome<()> {
        match self.ended()? {
            None => Ok(()),
            Some(status) => Err(Failure::new(format!(
                "{} ended by itself ({status}): see its lines above",
                self.name
            ))),
        }
    }

    fn finish(&mut self) -> Outcome<ExitStatus> {
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            pause(POLL)?;
        }
    }

    /// Whether it ended within `time`.
    fn ends_within(&mut self, time: Duration) -> bool {
        let until = Instant::now() + time;
        while matches!(self.child.try_wait(), Ok(None)) {
            if Instant::now() > until {
                return false;
            }
            sleep(POLL);
        }
        true
    }

    #[cfg(unix)]
    fn end(&mut self) {
        use nix::sys::signal::{Signal, killpg};
        let Ok(group) = i32::try_from(self.child.id()) else {
            return;
        };
        let group = nix::unistd::Pid::from_raw(group);
        // As Ctrl+C does, so that a program can put its files in order; then as one must. What is gone already is no error.
        let _ = killpg(group, Signal::SIGINT);
        let is_gone = self.ends_within(POLITE);
        let _ = killpg(group, Signal::SIGTERM);
        if !is_gone && !self.ends_within(GRACE) {
            let _ = killpg(group, Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }

    #[cfg(not(unix))]
    fn end(&mut self) {
        // It may have ended already, which is what we want.
        let _ = self.child.kill();
        self.ends_within(GRACE);
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.ended {
            self.end();
        }
    }
}

/// Runs `command` to its end; fails if it does. `name` is what messages call it.
pub fn run(name: &str, command: &mut Command) -> Outcome<()> {
    let status = Running::start(name, command)?.finish()?;
    succeeded(name, status)
}

/// Runs `command` and gives each line of its output to `line` as well as to the terminal. Its failure is the `bool`.
pub fn run_reading(name: &str, command: &mut Command, mut line: impl FnMut(&str)) -> Outcome<bool> {
    let mut running = Running::start(name, command.stdout(Stdio::piped()))?;
    if let Some(output) = running.child.stdout.take() {
        for text in BufReader::new(output).split(b'\n') {
            if interrupted() {
                break;
            }
            let text = text.trying(|| format!("read what {name} prints"))?;
            let text = String::from_utf8_lossy(&text);
            println!("{text}");
            line(&text);
        }
    }
    Ok(running.finish()?.success())
}

/// What `command` prints, or nothing if it cannot be started or fails.
pub fn output(command: &mut Command) -> Option<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn succeeded(name: &str, status: ExitStatus) -> Outcome<()> {
    if status.success() {
        Ok(())
    } else {
        Err(Failure::new(format!(
            "{name} failed ({status}): see its lines above"
        )))
    }
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use std::io::Read;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn what_a_program_started_ends_with_it() {
        // The pipe closes only when the grandchild, too, has gone.
        let mut running = Running::start(
            "a shell",
            sh("sleep 600 & echo up; wait").stdout(Stdio::piped()),
        )
        .unwrap();
        let mut output = running.child.stdout.take().unwrap();
        output.read_exact(&mut [0; 3]).unwrap();
        drop(running);
        assert_eq!(output.read(&mut [0; 8]).unwrap(), 0);
    }

    #[test]
    fn a_failing_program_is_named() {
        let failure = run("the shell", &mut sh("exit 3")).unwrap_err().to_string();
        assert!(failure.starts_with("the shell failed"), "{failure}");
        let missing = run("nothing", &mut Command::new("no-such-program-here"));
        assert!(missing.unwrap_err().to_string().contains("start nothing"));
    }

    #[test]
    fn lines_are_read_as_they_come_and_failure_is_told() {
        let mut lines = Vec::new();
        let ok = run_reading("the shell", &mut sh("echo a; echo b; exit 1"), |line| {
            lines.push(line.to_owned());
        });
        assert!(!ok.unwrap());
        assert_eq!(lines, ["a", "b"]);
    }

    #[test]
    fn a_background_program_that_ended_is_noticed() {
        let mut running = Running::start("a shell", &mut sh("exit 0")).unwrap();
        running.finish().unwrap();
        assert!(running.must_run().is_err());
    }
}
