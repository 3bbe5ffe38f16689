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

    /// Says that this run goes on with the turn of an earlier one: its rows go below the rows of that one, whatever was written since.
    pub fn follow_on(&mut self, run: &str, earlier: &str) {
        let is_earlier = |row: &&Row| row.run.as_deref() == Some(earlier);
        if let Some(last) = self.rows.iter().rev().find(is_earlier) {
            let place = Some(Some(last.id.clone()));
            self.runs.entry(run.to_owned()).or_default().place = place;
        }
    }

    /// Says that these rows come instead of those of `old`, which a view may still hold: where a text is not the old one or more of it, it
    /// counts as rewritten.
    pub fn replaces(&mut self, old: &Self) {
        for row in &mut self.rows {
            let before = old.row(&row.id);
            let floor = before.map(|before| before.rewrites);
            let is_longer = before.is_some_and(|before| text_of(row).starts_with(text_of(before)));
            match floor.or_else(|| old.retired.get(&row.id).copied()) {
                Some(floor) if is_longer => row.rewrites = floor,
                Some(floor) => row.rewrites = floor.wrapping_add(1),
                None => {}
            }
        }
        for (id, count) in &old.retired {
            self.retired.entry(id.clone()).or_insert(*count);
        }
        for row in &old.rows {
            if !self.index.contains_key(&row.id) {
                let next = row.rewrites.wrapping_add(1);
                self.retired.insert(row.id.clone(), next);
            }
        }
    }
}

fn text_of(row: &Row) -> &str {
    match &row.kind {
        RowKind::User { text }
        | RowKind::Assistant { text }
        | RowKind::Reasoning { text }
        | RowKind::Error { text } => text,
        _ => "",
    }
}
