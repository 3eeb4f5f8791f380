//! What a session of Flight is set to, and which release or edition a call reads: its own headers,
//! else its session, else the newest.
//!
//! A session is the cookie `arrow_flight_session_id`, and its value is all there is of it
//! (`release.3`, `edition.2026-S1&timeout.30`, `newest`). So the server keeps nothing, a session
//! survives a restart, and one that is made up has nothing that its maker could not ask for.

use std::num::NonZeroU32;
use std::time::Duration;

use carnac_query::{At, Bilingual};
use tonic::Status;
use tonic::metadata::{MetadataMap, MetadataValue};

/// Header of one call: the number of a release.
const RELEASE_HEADER: &str = "x-carnac-release";
/// Header of one call: the name of an edition.
const EDITION_HEADER: &str = "x-carnac-edition";

const COOKIE: &str = "arrow_flight_session_id";
/// Between two options of a cookie.
const AND: &str = "&";
/// A session that is set to nothing.
const NEWEST: &str = "newest";

/// The options of a session.
pub(super) const RELEASE: &str = "release";
pub(super) const EDITION: &str = "edition";
const LANGUAGE: &str = "language";
const TIMEOUT: &str = "timeout";

/// What a session is set to; what it is not is as for a call without one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Session {
    /// What its queries read.
    pub(super) at: Option<At>,
    language: Option<Language>,
    /// Seconds that a query may go on.
    timeout: Option<NonZeroU32>,
}

/// The language of titles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Language {
    #[default]
    French,
    English,
}

/// Why an option is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// There is no option of that name.
    Name,
    /// The option cannot have that value.
    Value,
}

impl Session {
    /// Returns the session of a call, if there is one.
    ///
    /// # Errors
    /// `InvalidArgument` for a cookie that is not one of this server.
    pub(super) fn of(call: &MetadataMap) -> Result<Option<Self>, Status> {
        let texts = call.get_all("cookie").into_iter().filter_map(|value| value.to_str().ok());
        let mut cookies =
            texts.flat_map(|text| text.split(';')).filter_map(|pair| pair.split_once('='));
        let Some((_, value)) = cookies.find(|(name, _)| name.trim() == COOKIE) else {
            return Ok(None);
        };
        let mut session = Self::default();
        for option in value.trim().split(AND).filter(|option| *option != NEWEST) {
            let set = option.split_once('.').map(|(name, value)| session.set(name, Some(value)));
            if set != Some(Ok(())) {
                return Err(Status::invalid_argument(
                    "the session cookie is not one of this server",
                ));
            }
        }
        Ok(Some(session))
    }

    /// Sets an option, or unsets it when there is no value.
    ///
    /// One release or one edition is read: setting one unsets the other.
    pub(super) fn set(&mut self, name: &str, value: Option<&str>) -> Result<(), Refused> {
        let no_value = |_| Refused::Value;
        match (name, value) {
            (RELEASE, Some(text)) => self.at = Some(release(text).map_err(no_value)?),
            (EDITION, Some(text)) => self.at = Some(edition(text).map_err(no_value)?),
            (RELEASE, None) => self.at = self.at.take().filter(|at| !matches!(at, At::Release(_))),
            (EDITION, None) => self.at = self.at.take().filter(|at| !matches!(at, At::Edition(_))),
            (LANGUAGE, _) => self.language = value.map(Language::named).transpose()?,
            (TIMEOUT, _) => {
                let seconds = value.map(|text| text.trim().parse().map_err(|_| Refused::Value));
                self.timeout = seconds.transpose()?;
            }
            _ => return Err(Refused::Name),
        }
        Ok(())
    }

    /// Returns the options that are set, with their values.
    pub(super) fn options(&self) -> impl Iterator<Item = (&'static str, String)> {
        let at = self.at.as_ref().map(|at| match at {
            At::Release(_) => (RELEASE, at.to_string()),
            At::Edition(_) => (EDITION, at.to_string()),
        });
        let language = self.language.map(|language| (LANGUAGE, language.name().to_owned()));
        let timeout = self.timeout.map(|seconds| (TIMEOUT, seconds.to_string()));
        [at, language, timeout].into_iter().flatten()
    }

    /// Returns how long a query may go on, if less than the server lets it.
    pub(super) fn patience(&self) -> Option<Duration> {
        self.timeout.map(|seconds| Duration::from_secs(seconds.get().into()))
    }

    /// Does what a client waits for, no longer than the session lets it.
    ///
    /// # Errors
    /// `DeadlineExceeded`, and those of the work.
    pub(super) async fn during<T>(
        &self,
        work: impl Future<Output = Result<T, Status>>,
    ) -> Result<T, Status> {
        let Some(patience) = self.patience() else { return work.await };
        let late = |_| Status::deadline_exceeded("the timeout of the session is over");
        tokio::time::timeout(patience, work).await.map_err(late)?
    }

    /// Returns a text in the language of the session: French, unless it is set to another.
    pub(super) fn said(&self, text: &Bilingual) -> String {
        match self.language.unwrap_or_default() {
            Language::French => text.fr.clone(),
            Language::English => text.en.clone(),
        }
    }

    /// Returns the header of a reply that opens or changes the session.
    pub(super) fn cookie(&self) -> MetadataValue<tonic::metadata::Ascii> {
        let options: Vec<_> = self.options().map(|(name, text)| format!("{name}.{text}")).collect();
        let value = if options.is_empty() { NEWEST.to_owned() } else { options.join(AND) };
        let text = format!("{COOKIE}={value}; Path=/");
        text.parse().expect("names of letters, digits, hyphens and underscores")
    }
}

impl Language {
    fn named(text: &str) -> Result<Self, Refused> {
        match text.trim() {
            "fr" => Ok(Self::French),
            "en" => Ok(Self::English),
            _ => Err(Refused::Value),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::French => "fr",
            Self::English => "en",
        }
    }
}

/// Returns what a call asks for: what its session is set to, but reading what its headers name.
///
/// # Errors
/// `InvalidArgument` for a header or a cookie that cannot be read.
pub(super) fn asked(call: &MetadataMap) -> Result<Session, Status> {
    let at = match (header(call, RELEASE_HEADER)?, header(call, EDITION_HEADER)?) {
        (None, None) => return Ok(Session::of(call)?.unwrap_or_default()),
        (Some(text), None) => release(text)?,
        (None, Some(text)) => edition(text)?,
        (Some(_), Some(_)) => {
            return Err(Status::invalid_argument(
                "name a release or an edition, not both: an edition has its release",
            ));
        }
    };
    Ok(Session { at: Some(at), ..Session::of(call)?.unwrap_or_default() })
}

/// The header of a reply that ends a session.
pub(super) fn no_cookie() -> MetadataValue<tonic::metadata::Ascii> {
    let text = format!("{COOKIE}=; Path=/; Max-Age=0");
    text.parse().expect("a constant header")
}

pub(super) fn header<'c>(call: &'c MetadataMap, name: &str) -> Result<Option<&'c str>, Status> {
    let text = call.get(name).map(|value| value.to_str()).transpose();
    text.map_err(|_| Status::invalid_argument(format!("the header {name} is not plain text")))
}

fn release(text: &str) -> Result<At, Status> {
    let id = text.trim().parse().map(At::Release);
    id.map_err(|_| Status::invalid_argument("a release is named by its number"))
}

fn edition(text: &str) -> Result<At, Status> {
    let name = text.trim().parse().map(At::Edition);
    name.map_err(|error| Status::invalid_argument(format!("{error}")))
}
