//! What a person has chosen.

use serde::{Deserialize, Serialize};

use crate::core::record::{self, RecordError};
use crate::core::session::idle::Limits;

/// Version of the stored settings.
pub const VERSION: u32 = 1;

/// Light, dark, or as the system says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum Theme {
    /// Follows the system.
    #[default]
    System,
    /// Always light.
    Light,
    /// Always dark.
    Dark,
}

impl Theme {
    /// Every theme, in the order of the settings page.
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The word for it in storage and in `data-theme`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }
}

impl From<String> for Theme {
    /// A theme of a later version is read as `System`, so that it does not cost the other settings.
    fn from(text: String) -> Self {
        Self::ALL
            .into_iter()
            .find(|theme| theme.as_str() == text)
            .unwrap_or_default()
    }
}

impl From<Theme> for String {
    fn from(theme: Theme) -> Self {
        theme.as_str().to_owned()
    }
}

/// Everything a person can choose for the whole app on this device.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Light or dark.
    pub theme: Theme,
    /// How long nobody may do anything. Not the person's own choice: what whoever serves the app has said of it
    /// last, so that the next start knows it at once.
    #[serde(skip_serializing_if = "is_default")]
    pub inactivity: Limits,
}

fn is_default(limits: &Limits) -> bool {
    *limits == Limits::default()
}

impl Settings {
    /// The stored form.
    pub fn encode(&self) -> String {
        record::encode(VERSION, self)
    }

    /// Reads stored settings; missing ones take their defaults.
    ///
    /// # Errors
    /// A [`RecordError`] when the record as a whole is unreadable; the caller goes on with the defaults.
    pub fn decode(text: &str) -> Result<Self, RecordError> {
        record::decode(VERSION, text)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn the_stored_form_of_the_settings_stays_as_it_is() {
        let mut settings = Settings {
            theme: Theme::Dark,
            inactivity: Limits::default(),
        };
        assert_eq!(settings.encode(), r#"{"v":1,"data":{"theme":"dark"}}"#);
        assert_eq!(Settings::decode(&settings.encode()), Ok(settings.clone()));
        settings.inactivity.warn_after_ms = 0;
        assert_eq!(
            settings.encode(),
            r#"{"v":1,"data":{"theme":"dark","inactivity":{"warn_after_ms":0,"sign_out_after_ms":300000}}}"#
        );
        assert_eq!(Settings::decode(&settings.encode()), Ok(settings));
    }

    #[test]
    fn every_theme_survives_storage() {
        for theme in Theme::ALL {
            let settings = Settings {
                theme,
                ..Settings::default()
            };
            assert_eq!(Settings::decode(&settings.encode()), Ok(settings));
        }
    }

    #[test]
    fn missing_and_unknown_choices_take_their_defaults() {
        for text in [
            r#"{"v":1,"data":{}}"#,
            r#"{"v":1,"data":{"theme":"sepia","later":true}}"#,
        ] {
            assert_eq!(Settings::decode(text), Ok(Settings::default()), "{text}");
        }
        assert_eq!(Settings::default().theme, Theme::System);
    }

    #[test]
    fn an_unreadable_record_is_reported() {
        assert_eq!(
            Settings::decode(r#"{"v":1,"data":{"theme":3}}"#),
            Err(RecordError::Corrupt)
        );
        assert_eq!(
            Settings::decode(r#"{"v":9,"data":{}}"#),
            Err(RecordError::OtherVersion(9))
        );
    }
}
