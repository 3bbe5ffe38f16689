//! The little HTTP that the browser is spoken to with: one page, its script and style, and one answer taken.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;

use super::Answer;

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
const STYLE: &str = include_str!("page.css");
/// One request, from its first byte to the last of its answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Addresses with tokens in them are long.
const LONGEST: u64 = 128 * 1024;
const CONNECTIONS: usize = 16;
const HEADERS: &str = "content-security-policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n\
    cache-control: no-store\r\nreferrer-policy: no-referrer\r\nx-content-type-options: nosniff\r\n\
    x-frame-options: DENY\r\ncross-origin-opener-policy: same-origin\r\ncross-origin-resource-policy: same-origin\r\n\
    connection: close\r\n";

/// Where the listener is, as requests must name it.
pub struct Place {
    host: String,
    origin: String,
    path: String,
}

impl Place {
    /// The place of a flow at a port of this machine.
    pub fn new(port: u16, flow: &str) -> Self {
        let host = format!("127.0.0.1:{port}");
        Self {
            origin: format!("http://{host}"),
            path: format!("/{flow}"),
            host,
        }
    }
}

/// Serves the page until its answer has come.
pub async fn serve(listener: TcpListener, place: Place) -> Answer {
    let (give, mut given) = mpsc::channel(1);
    let (place, free) = (Arc::new(place), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            answer = given.recv() => match answer {
                Some(answer) => return answer,
                None => continue,
            },
        };
        let (Ok((stream, _)), Ok(permit)) = (accepted, free.clone().try_acquire_owned()) else {
            continue;
        };
        let (place, give) = (place.clone(), give.clone());
        tokio::spawn(async move {
            // A browser that goes away in the middle is no news.
            if let Ok(Ok(Some(answer))) = timeout(PATIENCE, talk(stream, &place)).await {
                let _ = give.send(answer).await;
            }
            drop(permit);
        });
    }
}

/// One request and its answer; gives what the page handed over.
async fn talk(stream: TcpStream, place: &Place) -> std::io::Result<Option<Answer>> {
    let mut stream = BufReader::new(stream);
    let request = read(&mut stream).await?;
    let reply = request
        .as_ref()
        .map_or(BAD, |request| reply(request, place));
    stream
        .get_mut()
        .write_all(reply.text(place).as_bytes())
        .await?;
    stream.get_mut().shutdown().await?;
    Ok(match reply {
        Reply::Taken => request.and_then(|request| request.answer()),
        _ => None,
    })
}

struct Request {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A header that is there once.
    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(key, _)| key == name);
        let (_, value) = found.next()?;
        found.next().is_none().then_some(value)
    }

    fn answer(&self) -> Option<Answer> {
        serde_json::from_slice(&self.body).ok()
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> std::io::Result<Option<Request>> {
    let mut limited = stream.take(LONGEST);
    let mut line = String::new();
    limited.read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return Ok(None);
    };
    let path = target
        .split(['?', '#'])
        .next()
        .unwrap_or_default()
        .to_owned();
    let mut request = Request {
        method: method.to_owned(),
        path,
        headers: Vec::new(),
        body: Vec::new(),
    };
    loop {
        line.clear();
        if limited.read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        request
            .headers
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = request
        .header("content-length")
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0);
    if length > limited.limit() {
        return Ok(None);
    }
    let mut body = limited.take(length);
    body.read_to_end(&mut request.body).await?;
    Ok(Some(request))
}

/// What a request gets.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reply {
    /// A file of that kind, in which `{path}` stands for the address of the page.
    File(&'static str, &'static str),
    Taken,
    Refused(&'static str),
}

const BAD: Reply = Reply::Refused("400 Bad Request");

impl Reply {
    fn text(self, place: &Place) -> String {
        let (status, kind, body) = match self {
            Self::File(kind, body) => ("200 OK", kind, body),
            Self::Taken => ("204 No Content", "text/plain", ""),
            Self::Refused(status) => (status, "text/plain; charset=utf-8", status),
        };
        let body = body.replace("{path}", &place.path);
        format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n{HEADERS}\r\n{body}",
            body.len()
        )
    }
}

fn reply(request: &Request, place: &Place) -> Reply {
    // Another name for this machine is how a web page of elsewhere would get here.
    if request.header("host") != Some(&place.host) {
        return BAD;
    }
    let Some(rest) = request.path.strip_prefix(&place.path) else {
        return BAD;
    };
    match (request.method.as_str(), rest) {
        ("GET", "") => Reply::File("text/html; charset=utf-8", PAGE),
        ("GET", "/page.js") => Reply::File("text/javascript; charset=utf-8", SCRIPT),
        ("GET", "/page.css") => Reply::File("text/css; charset=utf-8", STYLE),
        ("POST", "/answer") => taken(request, place),
        _ => BAD,
    }
}

fn taken(request: &Request, place: &Place) -> Reply {
    if request.header("origin") != Some(&place.origin) {
        return Reply::Refused("403 Forbidden");
    }
    let is_json = request
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    let is_something = |answer: Answer| !answer.query.is_empty() || !answer.fragment.is_empty();
    if is_json && request.answer().is_some_and(is_something) {
        Reply::Taken
    } else {
        BAD
    }
}
