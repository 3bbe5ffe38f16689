//! The room "Live model": an OpenAI-compatible endpoint, streamed.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::runs::Recorder;
use crate::script::Request;

/// Silence after which the endpoint is given up.
const SILENCE: Duration = Duration::from_secs(120);
/// Name of the environment variable with the key of the endpoint.
const KEY: &str = "ENFILADE_LLM_KEY";

/// An endpoint and a model.
#[derive(Debug, Clone)]
pub struct Llm {
    url: String,
    /// Model name.
    pub model: String,
    client: reqwest::Client,
}

/// Why there is no answer, or no more of it.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("the model cannot be reached")]
    Unreachable,
    #[error("the model answered with status {0}")]
    Status(u16),
    #[error("the model broke off")]
    BrokeOff,
    #[error("the model was silent for too long")]
    Silent,
    #[error("the model reported: {0}")]
    Reported(String),
}

/// What has been opened and must be closed.
#[derive(Default)]
struct Progress {
    is_reasoning: bool,
    is_speaking: bool,
}

impl Llm {
    /// An endpoint such as `http://127.0.0.1:11434/v1`.
    ///
    /// # Errors
    /// A sentence for the person who started the server.
    pub fn new(url: &str, model: &str) -> Result<Self, String> {
        let parsed = url::Url::parse(url)
            .map_err(|_| format!("{url} is not an address. Try http://127.0.0.1:11434/v1."))?;
        match parsed.scheme() {
            "http" => {}
            "https" if cfg!(feature = "https") => {}
            "https" => {
                return Err("An https endpoint needs a build with `--features https`.".to_owned());
            }
            other => {
                return Err(format!(
                    "{other}: is not a scheme of a model endpoint. Use http: or https:."
                ));
            }
        }
        let base = url.trim_end_matches('/');
        let url = if base.ends_with("/chat/completions") {
            base.to_owned()
        } else {
            format!("{base}/chat/completions")
        };
        prepare_tls();
        let client = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(10))
            .build();
        let client =
            client.map_err(|error| format!("The model endpoint cannot be used: {error}."))?;
        Ok(Self {
            url,
            model: model.to_owned(),
            client,
        })
    }

    /// Streams the answer into the run, to its end.
    pub async fn answer(&self, recorder: &Recorder, request: &Request) {
        recorder
            .emit(json!({"type": "RUN_STARTED", "threadId": request.thread, "runId": request.run}));
        tokio::time::sleep(Duration::from_millis(request.modifiers.wait)).await;
        let mut progress = Progress::default();
        let result = match request.modifiers.boom {
            true => Err(Failure::Reported("asked to fail".to_owned())),
            false => self.stream(recorder, request, &mut progress).await,
        };
        progress.close(recorder, request);
        recorder.emit(json!({"type": "STATE_SNAPSHOT", "snapshot": request.state}));
        recorder.emit(match result {
            Ok(()) => json!({"type": "RUN_FINISHED", "threadId": request.thread, "runId": request.run}),
            Err(failure) => json!({"type": "RUN_ERROR", "message": format!("No answer: {failure}."), "code": "model"}),
        });
    }

    async fn stream(
        &self,
        recorder: &Recorder,
        request: &Request,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let messages: Vec<_> = request
            .messages
            .iter()
            .filter(|(role, text)| {
                matches!(role.as_str(), "user" | "assistant" | "system") && !text.is_empty()
            })
            .map(|(role, text)| json!({"role": role, "content": text}))
            .collect();
        let mut post = self
            .client
            .post(&self.url)
            .json(&json!({"model": self.model, "messages": messages, "stream": true}));
        if let Ok(key) = std::env::var(KEY) {
            post = post.bearer_auth(key);
        }
        let answer = tokio::time::timeout(SILENCE, post.send())
            .await
            .map_err(|_| Failure::Silent)?;
        let answer = answer.map_err(|_| Failure::Unreachable)?;
        if !answer.status().is_success() {
            return Err(Failure::Status(answer.status().as_u16()));
        }
        let mut bytes = answer.bytes_stream();
        let mut buffer = Vec::new();
        while let Some(chunk) = tokio::time::timeout(SILENCE, bytes.next())
            .await
            .map_err(|_| Failure::Silent)?
        {
            buffer.extend_from_slice(&chunk.map_err(|_| Failure::BrokeOff)?);
            while let Some(end) = buffer.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = buffer.drain(..=end).collect();
                match delta(&String::from_utf8_lossy(&line))? {
                    Delta::Text(text) => progress.say(recorder, request, &text),
                    Delta::Reasoning(text) => progress.think(recorder, request, &text),
                    Delta::End => return Ok(()),
                    Delta::Nothing => {}
                }
            }
        }
        if progress.is_speaking {
            Ok(())
        } else {
            Err(Failure::BrokeOff)
        }
    }
}

impl Progress {
    fn think(&mut self, recorder: &Recorder, request: &Request, text: &str) {
        let id = request.id("reasoning");
        if !self.is_reasoning {
            self.is_reasoning = true;
            recorder.emit(json!({"type": "REASONING_START", "messageId": id}));
            recorder.emit(
                json!({"type": "REASONING_MESSAGE_START", "messageId": id, "role": "reasoning"}),
            );
        }
        recorder.emit(json!({"type": "REASONING_MESSAGE_CONTENT", "messageId": id, "delta": text}));
    }

    fn say(&mut self, recorder: &Recorder, request: &Request, text: &str) {
        self.end_reasoning(recorder, request);
        let id = request.id("answer");
        if !self.is_speaking {
            self.is_speaking = true;
            recorder
                .emit(json!({"type": "TEXT_MESSAGE_START", "messageId": id, "role": "assistant"}));
        }
        recorder.emit(json!({"type": "TEXT_MESSAGE_CONTENT", "messageId": id, "delta": text}));
    }

    fn end_reasoning(&mut self, recorder: &Recorder, request: &Request) {
        if std::mem::take(&mut self.is_reasoning) {
            let id = request.id("reasoning");
            recorder.emit(json!({"type": "REASONING_MESSAGE_END", "messageId": id}));
            recorder.emit(json!({"type": "REASONING_END", "messageId": id}));
        }
    }

    fn close(&mut self, recorder: &Recorder, request: &Request) {
        self.end_reasoning(recorder, request);
        if std::mem::take(&mut self.is_speaking) {
            recorder.emit(json!({"type": "TEXT_MESSAGE_END", "messageId": request.id("answer")}));
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Delta {
    Text(String),
    Reasoning(String),
    End,
    Nothing,
}

/// One line of the endpoint's stream.
fn delta(line: &str) -> Result<Delta, Failure> {
    let Some(data) = line.trim().strip_prefix("data:").map(str::trim) else {
        return Ok(Delta::Nothing);
    };
    if data == "[DONE]" {
        return Ok(Delta::End);
    }
    let Ok(value) = serde_json::from_str::<Value>(data) else {
        return Ok(Delta::Nothing);
    };
    if let Some(message) = value["error"]["message"]
        .as_str()
        .or_else(|| value["error"].as_str())
    {
        return Err(Failure::Reported(message.chars().take(300).collect()));
    }
    let delta = &value["choices"][0]["delta"];
    let text = |name: &str| {
        delta[name]
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    if let Some(text) = text("content") {
        return Ok(Delta::Text(text));
    }
    Ok(text("reasoning_content")
        .or_else(|| text("reasoning"))
        .map_or(Delta::Nothing, Delta::Reasoning))
}

/// Names the TLS provider, without which no client can be made in a build with `https`, not even for http.
#[cfg(feature = "https")]
pub fn prepare_tls() {
    // Fails only when a provider is installed already, which is just as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Nothing to do without the feature `https`.
#[cfg(not(feature = "https"))]
pub fn prepare_tls() {}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]
    use super::*;

    #[test]
    fn lines_of_the_stream_are_told_apart() {
        let read = |line| delta(line).unwrap();
        assert_eq!(
            read("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n"),
            Delta::Text("Hi".into())
        );
        assert_eq!(
            read("data: {\"choices\":[{\"delta\":{\"reasoning_content\":\"Hm\"}}]}"),
            Delta::Reasoning("Hm".into())
        );
        assert_eq!(read("data: [DONE]"), Delta::End);
        assert_eq!(read(": ping"), Delta::Nothing);
        assert_eq!(read("data: {\"choices\":[]}"), Delta::Nothing);
        assert!(delta("data: {\"error\":{\"message\":\"no\"}}").is_err());
    }

    #[test]
    fn an_address_that_cannot_work_is_told_at_once() {
        assert!(Llm::new("nonsense", "m").is_err());
        assert!(Llm::new("ftp://127.0.0.1/", "m").is_err());
        assert_eq!(
            Llm::new("http://127.0.0.1:1/v1/", "m").unwrap().url,
            "http://127.0.0.1:1/v1/chat/completions"
        );
    }
}
