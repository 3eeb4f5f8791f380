//! What a session may set: names that clients set at their start, each with the values that are
//! true here. Nothing else is taken, and nothing is set for anybody else.

use std::collections::BTreeMap;
use std::time::Duration;

use carnac_query::POSTGRES_VERSION;

use super::problem::Problem;

/// A setting: its name as PostgreSQL writes it, its value at the start, and what it may be.
struct Setting {
    name: &'static str,
    default: &'static str,
    values: Values,
    /// Whether clients are told of every change.
    is_told: bool,
}

/// What a setting may be.
#[derive(Clone, Copy)]
enum Values {
    /// Anything: it changes nothing.
    Any,
    /// What begins so, in any letters; the value stays the default.
    Only(&'static str),
    /// A time in milliseconds, or with a unit.
    Time,
    /// Nothing: it is what the server is.
    Fixed,
}

const fn setting(name: &'static str, default: &'static str, values: Values) -> Setting {
    Setting { name, default, values, is_told: false }
}

const fn told(name: &'static str, default: &'static str, values: Values) -> Setting {
    Setting { name, default, values, is_told: true }
}

const SETTINGS: &[Setting] = &[
    told("application_name", "", Values::Any),
    told("client_encoding", "UTF8", Values::Only("utf")),
    told("DateStyle", "ISO, MDY", Values::Only("iso")),
    told("default_transaction_read_only", "on", Values::Only("on")),
    told("in_hot_standby", "off", Values::Fixed),
    told("integer_datetimes", "on", Values::Fixed),
    told("IntervalStyle", "postgres", Values::Only("postgres")),
    told("is_superuser", "off", Values::Fixed),
    told("server_encoding", "UTF8", Values::Fixed),
    told("server_version", POSTGRES_VERSION, Values::Fixed),
    told("standard_conforming_strings", "on", Values::Only("on")),
    told("TimeZone", "UTC", Values::Any),
    setting("bytea_output", "hex", Values::Only("hex")),
    setting("client_min_messages", "notice", Values::Any),
    setting("default_transaction_isolation", "repeatable read", Values::Any),
    setting("enable_seqscan", "on", Values::Any),
    setting("extra_float_digits", "1", Values::Any),
    setting("geqo", "on", Values::Any),
    setting("idle_in_transaction_session_timeout", "0", Values::Time),
    setting("jit", "off", Values::Any),
    setting("lc_collate", "C", Values::Fixed),
    setting("lc_ctype", "C.UTF-8", Values::Fixed),
    setting("lc_messages", "C", Values::Any),
    setting("lc_monetary", "C", Values::Any),
    setting("lc_numeric", "C", Values::Any),
    setting("lc_time", "C", Values::Any),
    setting("lock_timeout", "0", Values::Time),
    setting("max_identifier_length", "63", Values::Fixed),
    setting("max_index_keys", "32", Values::Fixed),
    setting("row_security", "on", Values::Any),
    setting("search_path", "published", Values::Only("published")),
    setting("server_version_num", "160006", Values::Fixed),
    setting("statement_timeout", "0", Values::Time),
    setting("synchronous_commit", "on", Values::Any),
    setting("transaction_isolation", "repeatable read", Values::Any),
    setting("transaction_read_only", "on", Values::Only("on")),
];

/// Longest value of a setting, in bytes.
const LONGEST: usize = 1024;

/// The settings of one session that are not as at the start.
#[derive(Debug, Default)]
pub(super) struct Settings {
    values: BTreeMap<&'static str, String>,
    /// What the client asked for when it connected: to which a reset goes back.
    initial: BTreeMap<&'static str, String>,
}

impl Settings {
    /// Sets what a client asks for when it connects; what is no setting here is passed over.
    pub(super) fn begin(&mut self, parameters: &[(String, String)]) {
        for (name, value) in parameters {
            // A client that asks at its start for what it cannot have goes on without it.
            self.set(name, Some(value)).unwrap_or_default();
        }
        self.initial.clone_from(&self.values);
    }

    /// Sets a value, or the default; returns name and value if clients are told of it.
    ///
    /// # Errors
    /// For a name or a value that is not served.
    pub(super) fn set(
        &mut self,
        name: &str,
        value: Option<&str>,
    ) -> Result<Option<(&'static str, String)>, Problem> {
        let setting = find(name)?;
        let value = match value {
            Some(value) => setting.checked(value)?,
            None => {
                self.initial.get(setting.name).map_or(setting.default, String::as_str).to_owned()
            }
        };
        self.values.insert(setting.name, value.clone());
        Ok(setting.is_told.then_some((setting.name, value)))
    }

    /// Puts everything to what it was when the client connected.
    pub(super) fn reset(&mut self) {
        self.values.clone_from(&self.initial);
    }

    /// Returns a value, and the name as PostgreSQL writes it.
    ///
    /// # Errors
    /// For a name that is none.
    pub(super) fn show(&self, name: &str) -> Result<(&'static str, &str), Problem> {
        let setting = find(name)?;
        Ok((setting.name, self.value(setting)))
    }

    /// Returns all names and values.
    pub(super) fn all(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SETTINGS.iter().map(|setting| (setting.name, self.value(setting)))
    }

    /// Returns names and values of which clients are told at the start.
    pub(super) fn told(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let told = SETTINGS.iter().filter(|setting| setting.is_told);
        told.map(|setting| (setting.name, self.value(setting)))
    }

    fn value(&self, setting: &'static Setting) -> &str {
        self.values.get(setting.name).map_or(setting.default, String::as_str)
    }

    /// Returns how long a statement may take, unless that is not bounded.
    pub(super) fn timeout(&self) -> Option<Duration> {
        milliseconds(self.values.get("statement_timeout")?).filter(|time| !time.is_zero())
    }
}

impl Setting {
    fn checked(&self, value: &str) -> Result<String, Problem> {
        let refused = |reason: &str| {
            Err(Problem::error("22023", format!("{} cannot be set to that: {reason}", self.name)))
        };
        match self.values {
            Values::Any if value.len() <= LONGEST && !value.contains(char::is_control) => {
                Ok(value.to_owned())
            }
            Values::Any => refused("it is too long, or no text"),
            Values::Only(start) => {
                let value = value.trim_start_matches(['"', '\'']).to_ascii_lowercase();
                let is_served =
                    value.starts_with(start) || self.default.eq_ignore_ascii_case(&value);
                match is_served {
                    true => Ok(self.default.to_owned()),
                    false => refused(&format!("here it is always {}", self.default)),
                }
            }
            Values::Time if milliseconds(value).is_some() => Ok(value.to_owned()),
            Values::Time => refused("give milliseconds, or a number with ms, s, min or h"),
            Values::Fixed => {
                Err(Problem::error("55P02", format!("{} cannot be changed", self.name)))
            }
        }
    }
}

fn find(name: &str) -> Result<&'static Setting, Problem> {
    let found = SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(name));
    found.ok_or_else(|| match name.split_once('.') {
        Some(_) => Problem::error("42501", format!("{name} is not for a session to set or to see")),
        None => Problem::error("42704", format!("there is no setting {name}")),
    })
}

fn milliseconds(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(unit)?;
    let scale = match unit.trim() {
        "" | "ms" => 1,
        "s" => 1000,
        "min" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(scale).map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_served_is_set_and_all_else_refused() {
        let mut settings = Settings::default();
        settings.begin(&[
            ("application_name".to_owned(), "psql".to_owned()),
            ("geqo".to_owned(), "off".to_owned()),
            ("user".to_owned(), "me".to_owned()),
        ]);
        assert_eq!(settings.set("datestyle", Some("iso, ymd")).unwrap().unwrap().1, "ISO, MDY");
        assert_eq!(settings.set("client_encoding", Some("UNICODE")).unwrap_err().code, "22023");
        assert_eq!(settings.set("server_version", Some("1")).unwrap_err().code, "55P02");
        assert_eq!(settings.set("nothing", Some("1")).unwrap_err().code, "42704");
        let memory = settings.set("engine.memory_limit", Some("8G"));
        assert_eq!(memory.unwrap_err().code, "42501");
        settings.set("APPLICATION_NAME", Some("other")).unwrap();
        assert_eq!(settings.show("application_name").unwrap(), ("application_name", "other"));
        settings.reset();
        assert_eq!(settings.show("application_name").unwrap().1, "psql");
    }

    #[test]
    fn times_have_units() {
        let mut settings = Settings::default();
        for (text, expected) in
            [("0", None), ("250", Some(250)), ("2s", Some(2000)), ("1 min", Some(60_000))]
        {
            settings.set("statement_timeout", Some(text)).unwrap();
            assert_eq!(settings.timeout(), expected.map(Duration::from_millis), "{text}");
        }
        for wrong in ["-1", "s", "1 week", "99999999999999999999"] {
            assert!(settings.set("statement_timeout", Some(wrong)).is_err(), "{wrong}");
        }
    }
}
