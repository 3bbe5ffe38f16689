//! The listener as a browser, and as others, come to it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;

const FLOW: &str = "0123456789abcdef0123456789abcdef";
const BODY: &str =
    r##"{"query":"?state=s1","fragment":"#?token=at-secret&refresh_token=rt-secret"}"##;

struct Visit {
    port: u16,
}

impl Visit {
    fn to(begun: &Begun) -> Self {
        let rest = begun.address.strip_prefix("http://127.0.0.1:").unwrap();
        let (port, flow) = rest.split_once('/').unwrap();
        assert_eq!(flow, FLOW);
        Self {
            port: port.parse().unwrap(),
        }
    }

    fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    async fn ask(&self, text: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        stream.write_all(text.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, path: &str) -> String {
        let host = format!("127.0.0.1:{}", self.port);
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
    }

    async fn post(&self, origin: &str, kind: &str, body: &str) -> String {
        let (port, length) = (self.port, body.len());
        self.ask(&format!(
            "POST /{FLOW}/answer HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\norigin: {origin}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await
    }

    async fn hand_over(&self) -> String {
        self.post(&self.origin(), "application/json", BODY).await
    }

    async fn is_closed(&self) -> bool {
        TcpStream::connect(("127.0.0.1", self.port)).await.is_err()
    }
}

fn begins(answer: &str, status: &str) -> bool {
    answer.starts_with(&format!("HTTP/1.1 {status}"))
}

async fn begun() -> (Arc<SignIns>, Visit) {
    let sign_ins = Arc::new(SignIns::default());
    let begun = sign_ins.begin(FLOW.to_owned()).await.unwrap();
    let visit = Visit::to(&begun);
    (sign_ins, visit)
}

#[tokio::test]
async fn what_the_browser_brings_is_given_to_the_one_who_waits() {
    let (sign_ins, visit) = begun().await;
    let waiting = tokio::spawn({
        let sign_ins = sign_ins.clone();
        async move { sign_ins.wait(FLOW).await }
    });
    let page = visit.get(&format!("/{FLOW}?state=s1")).await;
    assert!(begins(&page, "200"), "{page}");
    assert!(page.contains(&format!("src=\"/{FLOW}/page.js\"")), "{page}");
    for name in ["page.js", "page.css"] {
        assert!(
            begins(&visit.get(&format!("/{FLOW}/{name}")).await, "200"),
            "{name}"
        );
    }
    assert!(begins(&visit.hand_over().await, "204"));
    let Waited::Answered(answer) = waiting.await.unwrap() else {
        panic!("ended");
    };
    assert_eq!(answer.query, "?state=s1");
    assert!(answer.fragment.ends_with("refresh_token=rt-secret"));
}

#[tokio::test]
async fn the_answer_can_be_waited_for_again_until_the_flow_is_ended() {
    let (sign_ins, visit) = begun().await;
    visit.hand_over().await;
    for _ in 0..2 {
        assert!(matches!(sign_ins.wait(FLOW).await, Waited::Answered(_)));
    }
    assert_eq!(sign_ins.end(FLOW), Ended { ended: true });
    assert_eq!(sign_ins.wait(FLOW).await, Waited::Ended { ended: true });
    assert_eq!(sign_ins.end(FLOW), Ended { ended: true });
}

#[tokio::test]
async fn after_its_answer_nobody_listens_any_more() {
    let (sign_ins, visit) = begun().await;
    visit.hand_over().await;
    sign_ins.wait(FLOW).await;
    assert!(visit.is_closed().await);
}

#[tokio::test]
async fn ending_a_flow_closes_its_port_and_tells_who_waits() {
    let (sign_ins, visit) = begun().await;
    let waiting = sign_ins.wait(FLOW);
    let ending = async { sign_ins.end(FLOW) };
    let (waited, _) = tokio::join!(waiting, ending);
    assert_eq!(waited, Waited::Ended { ended: true });
    while !visit.is_closed().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn every_answer_forbids_keeping_framing_and_foreign_script() {
    let (_sign_ins, visit) = begun().await;
    let answers = [
        visit.get(&format!("/{FLOW}")).await,
        visit.get("/other").await,
        visit
            .post("https://evil.example", "application/json", BODY)
            .await,
    ];
    for answer in answers {
        for header in [
            "content-security-policy: default-src 'none'; script-src 'self'",
            "frame-ancestors 'none'",
            "cache-control: no-store",
            "referrer-policy: no-referrer",
            "x-content-type-options: nosniff",
        ] {
            assert!(answer.contains(header), "{header}: {answer}");
        }
        assert!(
            !answer.to_lowercase().contains("access-control-allow"),
            "{answer}"
        );
    }
}

#[tokio::test]
async fn other_paths_hosts_origins_and_bodies_are_refused_and_the_flow_goes_on() {
    let (sign_ins, visit) = begun().await;
    let own = visit.origin();
    let (host, path) = (format!("127.0.0.1:{}", visit.port), format!("/{FLOW}"));
    for request in [
        format!("GET / HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        format!("GET /0123 HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        format!("GET {path}x HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\n\r\n"),
        format!(
            "GET {path} HTTP/1.1\r\nhost: localhost:{}\r\n\r\n",
            visit.port
        ),
        format!("GET {path} HTTP/1.1\r\nhost: evil.example\r\n\r\n"),
        format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nhost: evil.example\r\n\r\n"),
        format!("OPTIONS {path}/answer HTTP/1.1\r\nhost: {host}\r\norigin: {own}\r\n\r\n"),
        format!("GET {path}/answer HTTP/1.1\r\nhost: {host}\r\n\r\n"),
        "\r\n\r\n".to_owned(),
    ] {
        assert!(begins(&visit.ask(&request).await, "400"), "{request}");
    }
    for origin in ["https://evil.example", "null", "http://127.0.0.1", ""] {
        assert!(
            begins(&visit.post(origin, "application/json", BODY).await, "403"),
            "{origin}"
        );
    }
    for (kind, body) in [
        ("text/plain", BODY),
        ("application/json", "{}"),
        ("application/json", ""),
        ("application/json", r#"{"query":"","fragment":""}"#),
        (
            "application/json",
            r#"{"query":"?a","fragment":"","more":1}"#,
        ),
    ] {
        assert!(begins(&visit.post(&own, kind, body).await, "400"), "{body}");
    }
    assert!(begins(&visit.hand_over().await, "204"));
    assert!(matches!(sign_ins.wait(FLOW).await, Waited::Answered(_)));
}

#[tokio::test]
async fn a_body_that_claims_to_be_endless_is_refused() {
    let (_sign_ins, visit) = begun().await;
    let request = format!(
        "POST /{FLOW}/answer HTTP/1.1\r\nhost: 127.0.0.1:{}\r\ncontent-length: 99999999\r\n\r\n",
        visit.port
    );
    assert!(begins(&visit.ask(&request).await, "400"));
}

#[tokio::test]
async fn a_flow_that_is_begun_again_moves_and_flow_ids_are_hard_to_guess() {
    let (sign_ins, first) = begun().await;
    let second = Visit::to(&sign_ins.begin(FLOW.to_owned()).await.unwrap());
    assert_ne!(first.port, second.port);
    while !first.is_closed().await {
        tokio::task::yield_now().await;
    }
    for flow in [
        "",
        "short",
        "with/slash-and-more-characters",
        "with space and more characters",
        &"x".repeat(129),
    ] {
        assert!(sign_ins.begin(flow.to_owned()).await.is_err(), "{flow}");
    }
}

#[tokio::test]
async fn only_a_few_flows_are_open_at_one_time() {
    let (sign_ins, first) = begun().await;
    for number in 0..MOST {
        sign_ins
            .begin(format!("another-flow-number-{number}"))
            .await
            .unwrap();
    }
    assert_eq!(sign_ins.wait(FLOW).await, Waited::Ended { ended: true });
    while !first.is_closed().await {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_flow_that_nobody_comes_back_to_ends_after_ten_minutes() {
    let (sign_ins, visit) = begun().await;
    let since = tokio::time::Instant::now();
    assert_eq!(sign_ins.wait(FLOW).await, Waited::Ended { ended: true });
    assert_eq!(since.elapsed(), LIMIT);
    assert!(visit.is_closed().await);
}

#[test]
fn no_debug_text_holds_what_came_back() {
    let answer: Answer = serde_json::from_str(BODY).unwrap();
    let text = format!("{:?}", Waited::Answered(answer));
    assert!(!text.contains("secret"), "{text}");
}
