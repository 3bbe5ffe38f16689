//! Reads the runs of a thread out of an answer that repeats the whole conversation for each of them: what is not needed is skipped, not kept.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt;

use serde::de::{
    Deserialize, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::{Map, Value};

use super::{RunSummary, call_result, user_message};
use crate::core::agui::run::WireMessage;
use crate::core::time::parse_rfc3339;

/// Reads the runs of `GET …/agui/{thread}`, oldest first, those without a time last; entries without an id are skipped.
///
/// # Errors
/// Where the answer is not JSON; says at which line.
pub fn runs(body: &str) -> Result<Vec<RunSummary>, String> {
    let mut runs = Vec::new();
    read(body, None, &mut |run, _| runs.push(run))?;
    runs.sort_by(
        |a: &RunSummary, b: &RunSummary| match (a.created, b.created) {
            (Some(a), Some(b)) => a.cmp(&b),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => Ordering::Equal,
        },
    );
    Ok(runs)
}

/// What one run of that answer was started with (`run_input`), whole.
#[must_use]
pub fn input_of(body: &str, run: &str) -> Option<Value> {
    let mut found = None;
    read(body, Some(run), &mut |_, input| {
        found = found.take().or(input);
    })
    .ok()?;
    found
}

type Take<'a> = &'a mut dyn FnMut(RunSummary, Option<Value>);

fn read(body: &str, wanted: Option<&str>, take: Take<'_>) -> Result<(), String> {
    let mut reader = serde_json::Deserializer::from_str(body);
    Thread { wanted, take }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| format!("not JSON at line {}", error.line()))
}

/// A value of another kind than the expected one counts as absent.
macro_rules! lenient {
    ($life:lifetime, $absent:expr $(, $seq:ident)?) => {
        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            formatter.write_str("a run")
        }
        fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
            Ok($absent)
        }
        fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
            Ok($absent)
        }
        fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
            Ok($absent)
        }
        fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
            Ok($absent)
        }
        fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
            Ok($absent)
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok($absent)
        }
        $(
            fn $seq<A: SeqAccess<$life>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                while list.next_element::<IgnoredAny>()?.is_some() {}
                Ok($absent)
            }
        )?
    };
}

macro_rules! seed {
    ($name:ty, $value:ty) => {
        impl<'de> DeserializeSeed<'de> for $name {
            type Value = $value;

            fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<$value, D::Error> {
                reader.deserialize_any(self)
            }
        }
    };
}

/// A name in an object, not copied where it stands in the answer as it is.
struct Key<'de>(Cow<'de, str>);

impl std::ops::Deref for Key<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        reader.deserialize_str(KeyVisitor)
    }
}

struct KeyVisitor;

impl<'de> Visitor<'de> for KeyVisitor {
    type Value = Key<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a name")
    }

    fn visit_borrowed_str<E>(self, name: &'de str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Borrowed(name)))
    }

    fn visit_str<E>(self, name: &str) -> Result<Key<'de>, E> {
        Ok(Key(Cow::Owned(name.to_owned())))
    }
}

struct Thread<'a> {
    wanted: Option<&'a str>,
    take: Take<'a>,
}

seed!(Thread<'_>, ());

impl<'de> Visitor<'de> for Thread<'_> {
    type Value = ();
    lenient!('de, (), visit_seq);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if &*key == "runs" {
                map.next_value_seed(Entries {
                    wanted: self.wanted,
                    take: &mut *self.take,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

struct Entries<'a> {
    wanted: Option<&'a str>,
    take: Take<'a>,
}

seed!(Entries<'_>, ());

impl<'de> Visitor<'de> for Entries<'_> {
    type Value = ();
    lenient!('de, ());

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        let entry = || Entry {
            key: None,
            is_wanted: false,
        };
        while let Some(found) = list.next_element_seed(entry())? {
            if let Some((run, input)) = found {
                (self.take)(run, input);
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<Key<'de>>()? {
            let is_wanted = self.wanted == Some(&*key);
            let key = Some(key.0.into_owned());
            if let Some((run, input)) = map.next_value_seed(Entry { key, is_wanted })? {
                (self.take)(run, input);
            }
        }
        Ok(())
    }
}

struct Entry {
    key: Option<String>,
    is_wanted: bool,
}

seed!(Entry, Option<(RunSummary, Option<Value>)>);

impl<'de> Visitor<'de> for Entry {
    type Value = Option<(RunSummary, Option<Value>)>;
    lenient!('de, None, visit_seq);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut created, mut finished) = (Value::Null, Value::Null, Value::Null);
        let (mut asked, mut input) = (Asked::default(), None);
        while let Some(key) = map.next_key::<Key<'de>>()? {
            match &*key {
                "run_id" => id = map.next_value()?,
                "created" => created = map.next_value()?,
                "finished" => finished = map.next_value()?,
                "run_input" if self.is_wanted => input = Some(map.next_value()?),
                "run_input" => asked = map.next_value_seed(Input)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let id = id.as_str().or(self.key.as_deref()).unwrap_or_default();
        let id = id.trim().to_owned();
        if id.is_empty() {
            return Ok(None);
        }
        let time = |value: &Value| value.as_str().and_then(parse_rfc3339);
        let created = time(&created);
        let run = RunSummary {
            created,
            // A time that cannot be read still says that the run has ended.
            finished: (!finished.is_null())
                .then(|| time(&finished).or(created).unwrap_or_default()),
            user: asked.user.and_then(|user| user_message(&user, &id)),
            results: asked.results,
            id,
        };
        Ok(Some((run, input)))
    }
}

/// The last message of the person, and the results of calls that came after it.
#[derive(Default)]
struct Asked {
    user: Option<Value>,
    results: Vec<WireMessage>,
}

impl Asked {
    fn take(&mut self, message: Value) {
        if super::is_user(&message) {
            self.results.clear();
            self.user = Some(message);
        } else if let Some(result) = call_result(&message) {
            self.results.push(result);
        }
    }
}

struct Input;

seed!(Input, Asked);

impl<'de> Visitor<'de> for Input {
    type Value = Asked;
    lenient!('de, Asked::default(), visit_seq);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Asked, A::Error> {
        let mut asked = Asked::default();
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if &*key == "messages" {
                asked = map.next_value_seed(Messages)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(asked)
    }
}

struct Messages;

seed!(Messages, Asked);

impl<'de> Visitor<'de> for Messages {
    type Value = Asked;
    lenient!('de, Asked::default());

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Asked, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Asked::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Asked, A::Error> {
        let mut asked = Asked::default();
        while let Some(message) = list.next_element_seed(Message)? {
            message.into_iter().for_each(|message| asked.take(message));
        }
        Ok(asked)
    }
}

struct Message;

seed!(Message, Option<Value>);

impl<'de> Visitor<'de> for Message {
    type Value = Option<Value>;
    lenient!('de, None, visit_seq);

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut message = Map::new();
        let mut is_skipped = false;
        while let Some(key) = map.next_key::<Key<'de>>()? {
            if is_skipped {
                map.next_value::<IgnoredAny>()?;
                continue;
            }
            let value: Value = map.next_value()?;
            // What agents have said is known from the events of their runs.
            is_skipped = &*key == "role" && !matches!(value.as_str(), None | Some("user" | "tool"));
            message.insert(key.0.into_owned(), value);
        }
        Ok((!is_skipped).then_some(Value::Object(message)))
    }
}
