//! One person's computer: a home folder that outlives a restart of the app, and a message bus with or without a keychain.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use enfilade_e2e::{Failure, Outcome};

use crate::window::{Window, free_port};

/// What stands behind the keychain's commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bus {
    /// GNOME's keyring, unlocked.
    Keyring,
    /// A bus on which nobody keeps secrets.
    NoSecrets,
    /// No bus at all.
    None,
}

/// Opens the keyring; an empty line is its password.
const UNLOCK: &str =
    r"printf '\n' | gnome-keyring-daemon --unlock --components=secrets > /dev/null;";
/// A bus that starts no services.
const BARE: &str = r#"<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>session</type><listen>unix:tmpdir=/tmp</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/></policy>
</busconfig>"#;
/// What takes the place of the system's browser: it notes the address.
const BROWSER: &str = "#!/bin/sh\nprintf '%s' \"$1\" > \"$HOME/opened.new\" && mv \"$HOME/opened.new\" \"$HOME/opened\"\n";

/// A computer; dropping it forgets its home.
pub struct Desk {
    home: PathBuf,
}

impl Desk {
    /// A new one, for the journey of that name.
    pub fn new(journey: &str) -> Outcome<Self> {
        let home = env::temp_dir().join(format!("enfilade-{journey}-{}", std::process::id()));
        if home.exists() {
            fs::remove_dir_all(&home)?;
        }
        fs::create_dir_all(home.join("run"))?;
        // A bus refuses a folder that others can read.
        fs::set_permissions(home.join("run"), fs::Permissions::from_mode(0o700))?;
        let browser = home.join("browser");
        fs::write(&browser, BROWSER)?;
        fs::set_permissions(&browser, fs::Permissions::from_mode(0o755))?;
        fs::write(home.join("bare.conf"), BARE)?;
        Ok(Self { home })
    }

    /// The person's folder.
    pub fn home(&self) -> &Path {
        &self.home
    }

    /// Starts the app, with a fault or an empty word for none, and waits for its window.
    pub async fn start(&self, bus: Bus, fault: &str) -> Outcome<Window> {
        let (port, native) = (free_port()?, free_port()?);
        let driver = format!("exec tauri-driver --port {port} --native-port {native}");
        let child = self.shell(bus, &driver, fault)?;
        Window::open(child, port, &program()?).await
    }

    /// Starts the app once more on the bus of a running one, as opening a link does, and waits for its end.
    pub fn start_again(&self, link: &str) -> Outcome<bool> {
        let bus = fs::read_to_string(self.home.join("bus"))?;
        let mut command = Command::new(program()?);
        self.environment(&mut command);
        let status = command
            .arg(link)
            .env("DBUS_SESSION_BUS_ADDRESS", bus.trim())
            .status()?;
        Ok(status.success())
    }

    /// The address that the app gave to the system's browser last; it is given once.
    pub fn opened(&self) -> Outcome<Option<String>> {
        let note = self.home.join("opened");
        if !note.is_file() {
            return Ok(None);
        }
        let address = fs::read_to_string(&note)?;
        fs::remove_file(note)?;
        Ok(Some(address))
    }

    /// What app, bus and driver have said.
    pub fn log(&self) -> Outcome<String> {
        Ok(String::from_utf8_lossy(&fs::read(self.log_file())?).into_owned())
    }

    fn log_file(&self) -> PathBuf {
        self.home.join("log")
    }

    /// A shell script on such a bus, in a process group of its own.
    fn shell(&self, bus: Bus, script: &str, fault: &str) -> Outcome<Child> {
        let note = r#"printf '%s' "$DBUS_SESSION_BUS_ADDRESS" > "$HOME/bus";"#;
        let mut command = match bus {
            Bus::Keyring => on_bus(&[], &format!("{note} {UNLOCK} {script}")),
            Bus::NoSecrets => {
                let config = format!("--config-file={}", self.home.join("bare.conf").display());
                on_bus(&[&config], &format!("{note} {script}"))
            }
            Bus::None => {
                let mut command = Command::new("sh");
                command
                    .args(["-c", script])
                    .env("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent");
                command
            }
        };
        self.environment(&mut command);
        let log = fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.log_file())?;
        command.env("ENFILADE_FAULT", fault).stdin(Stdio::null());
        command.stdout(log.try_clone()?).stderr(log);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        Ok(command.spawn()?)
    }

    fn environment(&self, command: &mut Command) {
        let below = |name: &str| self.home.join(name);
        command
            .env("HOME", &self.home)
            .env("XDG_DATA_HOME", below("data"))
            .env("XDG_CONFIG_HOME", below("config"))
            .env("XDG_CACHE_HOME", below("cache"))
            .env("XDG_RUNTIME_DIR", below("run"))
            .env("ENFILADE_OPEN_WITH", below("browser"))
            .env("PATH", path())
            // Nobody listens there, and asking takes its time.
            .env("NO_AT_BRIDGE", "1")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("DBUS_SESSION_BUS_ADDRESS");
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        // A journey that fails leaves its log beside the other evidence.
        let kept = enfilade_e2e::setup::evidence();
        if std::thread::panicking() && fs::create_dir_all(&kept).is_ok() {
            let name = self.home.file_name().unwrap_or_default().to_owned();
            let _ = fs::copy(self.log_file(), kept.join(name).with_extension("log"));
        }
        let _ = fs::remove_dir_all(&self.home);
    }
}

fn on_bus(options: &[&str], script: &str) -> Command {
    let mut command = Command::new("dbus-run-session");
    command.args(options).args(["--", "sh", "-c", script]);
    command
}

fn program() -> Outcome<PathBuf> {
    let shell = env::var_os("ENFILADE_SHELL").ok_or_else(|| {
        Failure::new("ENFILADE_SHELL names no program: `cargo xtask test --desktop` sets it")
    })?;
    Ok(PathBuf::from(shell))
}

/// `PATH` with the tools of this workspace first.
fn path() -> std::ffi::OsString {
    let tools = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/bin");
    let old = env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(tools).chain(env::split_paths(&old));
    env::join_paths(folders).unwrap_or(old)
}
