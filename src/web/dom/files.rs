//! Files that a person has picked, pasted or dropped.

use std::sync::Arc;

use js_sys::{Promise, Uint8Array};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    ClipboardEvent, DataTransfer, DragEvent, File, FileList, FileReader, HtmlInputElement,
};

use crate::core::composer::image::{HEAD, Refusal, sniff};
use crate::core::composer::outgoing::Image;

/// A file, not read yet.
#[derive(Debug, Clone)]
pub struct Picked(File);

fn list(files: Option<FileList>) -> Vec<Picked> {
    let files = files.into_iter();
    files
        .flat_map(|files| (0..files.length()).filter_map(move |at| files.get(at)))
        .map(Picked)
        .collect()
}

fn dragged(event: &DragEvent) -> Option<DataTransfer> {
    event.data_transfer()
}

/// The files of a paste; none where the clipboard has a text as well, which is then what is meant.
#[must_use]
pub fn pasted(event: &ClipboardEvent) -> Vec<Picked> {
    let Some(clipboard) = event.clipboard_data() else {
        return Vec::new();
    };
    let has_text = clipboard
        .get_data("text/plain")
        .is_ok_and(|text| !text.is_empty());
    if has_text {
        Vec::new()
    } else {
        list(clipboard.files())
    }
}

/// Whether files are being dragged.
#[must_use]
pub fn has_files(event: &DragEvent) -> bool {
    dragged(event).is_some_and(|data| data.types().includes(&"Files".into(), 0))
}

/// Whether a drag leaves the page altogether.
#[must_use]
pub fn leaves_page(event: &DragEvent) -> bool {
    event.related_target().is_none()
}

/// The files that were dropped.
#[must_use]
pub fn dropped(event: &DragEvent) -> Vec<Picked> {
    list(dragged(event).and_then(|data| data.files()))
}

/// The files that were chosen; the next choice may be the same again.
#[must_use]
pub fn chosen(input: &HtmlInputElement) -> Vec<Picked> {
    let files = list(input.files());
    input.set_value("");
    files
}

impl Picked {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> String {
        self.0.name()
    }

    /// Its size in bytes.
    #[must_use]
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a size in bytes, which a browser counts in floating point"
    )]
    pub fn size(&self) -> usize {
        self.0.size() as usize
    }

    /// What kind of image it is.
    ///
    /// # Errors
    /// `Heic`, `Svg`, `Other` or `Unreadable`.
    pub async fn kind(&self) -> Result<&'static str, Refusal> {
        let unreadable = |_| Refusal::Unreadable;
        let head = self
            .0
            .slice_with_i32_and_i32(0, i32::try_from(HEAD).unwrap_or(i32::MAX))
            .map_err(unreadable)?;
        let head = JsFuture::from(head.array_buffer())
            .await
            .map_err(unreadable)?;
        sniff(&Uint8Array::new(&head).to_vec())
    }

    /// Reads it, if it is an image of a kind that can be sent. Its bytes stay as they are.
    ///
    /// # Errors
    /// As [`Self::kind`].
    pub async fn image(&self) -> Result<Image, Refusal> {
        let mime = self.kind().await?;
        let data = self.base64().await.ok_or(Refusal::Unreadable)?;
        Ok(Image {
            name: self.name(),
            mime,
            size: self.size(),
            data: Arc::from(data),
        })
    }

    async fn base64(&self) -> Option<String> {
        let reader = FileReader::new().ok()?;
        let reading = Promise::new(&mut |done, failed| {
            reader.set_onload(Some(&done));
            reader.set_onerror(Some(&failed));
            reader.set_onabort(Some(&failed));
        });
        reader.read_as_data_url(&self.0).ok()?;
        JsFuture::from(reading).await.ok()?;
        let url: String = reader
            .result()
            .ok()?
            .dyn_into::<js_sys::JsString>()
            .ok()?
            .into();
        let (_, data) = url.split_once(";base64,")?;
        Some(data.to_owned())
    }
}
