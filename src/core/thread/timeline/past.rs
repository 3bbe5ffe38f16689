//! What is added to a timeline from elsewhere than its own events: earlier runs, and results of calls that were carried out here.

use super::super::history::image_number;
use super::super::message::{Row, RowId, RowKind};
use super::{Change, Timeline};
use crate::core::agui::run::UserContent;
use serde_json::Value;

impl Timeline {
    /// Puts the rows of earlier runs above those that are there; a row that is known already stays where it is. The state stays that of the
    /// newer rows.
    pub fn prepend(&mut self, older: Self) -> Change {
        let mut rows = older.rows;
        rows.retain(|row| !self.index.contains_key(&row.id));
        if rows.is_empty() {
            return Change::none();
        }
        let ids = rows.iter().map(|row| row.id.clone()).collect();
        rows.append(&mut self.rows);
        self.rows = rows;
        for (run, track) in older.runs {
            self.runs.entry(run).or_insert(track);
        }
        for (id, content) in older.parts {
            self.parts.entry(id).or_insert(content);
        }
        self.images = self.images.max(older.images);
        self.reindex();
        Change {
            order: true,
            rows: ids,
        }
    }

    /// Takes note of the images in messages that have no row here: their numbers are not given again.
    pub fn reserve_images<'a>(&mut self, contents: impl Iterator<Item = &'a Value>) {
        for parts in contents.filter_map(Value::as_array) {
            let numbers = parts.iter().filter_map(image_number);
            self.images = numbers.fold(self.images, u64::max);
        }
    }

    /// What a user's message is sent as.
    #[must_use]
    pub fn content_of(&self, id: &RowId) -> Option<UserContent> {
        match &self.row(id)?.kind {
            RowKind::User { text } => Some(
                self.parts
                    .get(id)
                    .cloned()
                    .unwrap_or_else(|| UserContent::Text(text.clone())),
            ),
            _ => None,
        }
    }

    /// Takes an error out again that [`Self::push_error`] has added: what it told of was made good.
    pub fn remove_error(&mut self, run: &str, text: &str) -> Change {
        let id = RowId(format!("error/{run}/{text}"));
        self.remove_rows(|row| row.id == id)
    }

    /// The calls of this run that have no result, with their names and arguments.
    #[must_use]
    pub fn pending_calls(&self, run: &str) -> Vec<(String, String, String)> {
        let pending = |row: &Row| match &row.kind {
            RowKind::ToolCall {
                name,
                args,
                result: None,
            } if row.run.as_deref() == Some(run) => {
                Some((row.message_id.clone(), name.clone(), args.clone()))
            }
            _ => None,
        };
        self.rows().iter().filter_map(pending).collect()
    }

    /// Notes the result of a call that was carried out here.
    pub fn complete_call(&mut self, run: &str, call_id: &str, content: &str) -> Change {
        let known = |row: &Row| {
            let is_open = matches!(row.kind, RowKind::ToolCall { result: None, .. });
            is_open && row.message_id == call_id && row.run.as_deref() == Some(run)
        };
        match self.rows().iter().find(|row| known(row)) {
            Some(row) => {
                let at = row.at.unwrap_or_default();
                self.complete_tool(run, call_id, content, at)
            }
            None => Change::none(),
        }
    }
}
