//! An agent that another one has set to work, as an activity tells of it.

use serde_json::Value;

use super::message::RowKind;

/// The type of such an activity. Its content is an object: `state` is `running`, `done` or `failed`; where they are known, `agent` says who
/// works, `message` what about, `tool` what is being used, `tools` what was, `round` of `rounds` how far it is, and `elapsed` the
/// milliseconds it took.
pub const ACTIVITY: &str = "SUBAGENT";

/// How the work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// It goes on, as far as it was told.
    Running,
    /// It has come to a result.
    Done,
    /// It has not.
    Failed,
}

/// What is known of such an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegate {
    /// Who works.
    pub agent: Option<String>,
    /// How it stands.
    pub progress: Progress,
    /// What it is about, or has come to, in the agent's words.
    pub message: Option<String>,
    /// The tool that is being used.
    pub tool: Option<String>,
    /// How many tools were used.
    pub used: usize,
    /// The round it is in, and how many there may be.
    pub round: Option<(u64, Option<u64>)>,
    /// How long it took, in milliseconds.
    pub elapsed: Option<i64>,
}

impl Delegate {
    /// Reads an activity; `None` where it tells of something else.
    #[must_use]
    pub fn read(activity: &str, content: &str) -> Option<Self> {
        if activity != ACTIVITY {
            return None;
        }
        let content: Value = serde_json::from_str(content).ok()?;
        let text = |name: &str| {
            let text = content.get(name)?.as_str()?.trim();
            (!text.is_empty()).then(|| text.to_owned())
        };
        let number = |name: &str| content.get(name).and_then(Value::as_u64);
        Some(Self {
            progress: match content.get("state")?.as_str()? {
                "running" => Progress::Running,
                "done" => Progress::Done,
                "failed" => Progress::Failed,
                _ => return None,
            },
            agent: text("agent"),
            message: text("message"),
            tool: text("tool"),
            used: content
                .get("tools")
                .and_then(Value::as_array)
                .map_or(0, Vec::len),
            round: number("round").map(|round| (round, number("rounds"))),
            elapsed: content.get("elapsed").and_then(Value::as_i64),
        })
    }

    /// Whether this is the row of one that has failed.
    #[must_use]
    pub fn has_failed(row: &RowKind) -> bool {
        let RowKind::Activity { activity, content } = row else {
            return false;
        };
        Self::read(activity, content).is_some_and(|own| own.progress == Progress::Failed)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_of_an_agent_at_work_is_read_and_nothing_else() {
        let content = r#"{"task":"t1","state":"running","agent":"researcher","message":" look ","round":1,"rounds":4,"tool":"web","tools":[{"name":"web","good":true}]}"#;
        let want = Delegate {
            agent: Some("researcher".into()),
            progress: Progress::Running,
            message: Some("look".into()),
            tool: Some("web".into()),
            used: 1,
            round: Some((1, Some(4))),
            elapsed: None,
        };
        assert_eq!(Delegate::read(ACTIVITY, content), Some(want));
        let bare =
            Delegate::read(ACTIVITY, r#"{"state":"done","elapsed":1200,"agent":""}"#).unwrap();
        assert_eq!(
            (bare.agent, bare.progress, bare.elapsed),
            (None, Progress::Done, Some(1200))
        );
        for (activity, content) in [
            ("PLAN", r#"{"state":"done"}"#),
            (ACTIVITY, r#"{"state":"asleep"}"#),
            (ACTIVITY, r#"{"agent":"researcher"}"#),
            (ACTIVITY, "[]"),
            (ACTIVITY, "{"),
        ] {
            assert_eq!(
                Delegate::read(activity, content),
                None,
                "{activity} {content}"
            );
        }
    }

    #[test]
    fn only_the_row_of_an_agent_that_has_failed_counts_as_failed() {
        let row = |activity: &str, state: &str| RowKind::Activity {
            activity: activity.into(),
            content: format!(r#"{{"state":"{state}"}}"#),
        };
        assert!(Delegate::has_failed(&row(ACTIVITY, "failed")));
        assert!(!Delegate::has_failed(&row(ACTIVITY, "done")));
        assert!(!Delegate::has_failed(&row("PLAN", "failed")));
        assert!(!Delegate::has_failed(&RowKind::Gap));
    }
}
