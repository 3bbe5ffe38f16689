//! The least of HTTP: does something answer, and with what.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use crate::failure::{Failure, Outcome, Trying};
use crate::process::{Running, pause};

const TIMEOUT: Duration = Duration::from_secs(5);

/// The status of a GET request to this machine, if anything answers it. `path` begins with a slash.
pub fn status(port: u16, path: &str) -> Option<u16> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let mut stream = TcpStream::connect_timeout(&address, TIMEOUT).ok()?;
    stream.set_read_timeout(Some(TIMEOUT)).ok()?;
    stream.set_write_timeout(Some(TIMEOUT)).ok()?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nhost: {address}\r\naccept: */*\r\nconnection: close\r\n\r\n"
    )
    .ok()?;
    let mut head = [0; 12];
    stream.read_exact(&mut head).ok()?;
    status_of(&head)
}

fn status_of(head: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(head).ok()?;
    text.strip_prefix("HTTP/1.")?.get(2..5)?.parse().ok()
}

/// Waits until a GET of `path` succeeds; fails when `server` ends first or the time is up.
pub fn wait_until_up(
    server: &mut Running,
    name: &str,
    port: u16,
    path: &str,
    limit: Duration,
) -> Outcome<()> {
    let until = Instant::now() + limit;
    loop {
        if matches!(status(port, path), Some(200..=299)) {
            return Ok(());
        }
        server.must_run()?;
        if Instant::now() > until {
            return Err(Failure::new(format!(
                "{name} does not answer at http://127.0.0.1:{port}{path} after {} s: see its lines above",
                limit.as_secs()
            )));
        }
        pause(Duration::from_millis(100))?;
    }
}

/// Fails, naming the remedy, if `port` is taken.
pub fn must_be_free(port: u16, name: &str, remedy: &str) -> Outcome<()> {
    match TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
        Ok(_) => Ok(()),
        Err(error) => Err(Failure::new(format!(
            "port {port} ({name}) cannot be used ({error}): {remedy}"
        ))),
    }
}

/// A port nobody listens on now.
pub fn free_port() -> Outcome<u16> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .trying(|| "find a free port".to_owned())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn a_status_line_is_read_and_anything_else_is_no_answer() {
        assert_eq!(status_of(b"HTTP/1.1 204"), Some(204));
        assert_eq!(status_of(b"HTTP/1.0 302"), Some(302));
        assert_eq!(status_of(b"SSH-2.0-Open"), None);
    }

    #[test]
    fn a_port_in_use_is_told_with_its_remedy() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = taken.local_addr().unwrap().port();
        let failure = must_be_free(port, "the app", "use --port")
            .unwrap_err()
            .to_string();
        assert!(failure.contains(&port.to_string()), "{failure}");
        assert!(failure.ends_with("use --port"), "{failure}");
        must_be_free(free_port().unwrap(), "the app", "").unwrap();
    }
}
