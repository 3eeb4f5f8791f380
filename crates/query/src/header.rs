//! The comment header of a SQL file: fixed keys in a fixed order, one line each.

use carnac_model::Level;

use crate::Layer;

/// What a SQL file says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Permanent public identifier, `A08`; a file may be renamed, an identifier never.
    pub id: String,
    /// Title in French.
    pub title_fr: String,
    /// Title in English.
    pub title_en: String,
    /// Unit of the value: `ratio`, `count`, `row`…; an audit has none.
    pub unit: String,
    /// Columns that name one row, in order; none of an audit.
    pub grain: Vec<String>,
    /// What only indicators and published views say.
    pub definition: Option<Definition>,
    /// Whether a release is stopped by what an audit finds; none for all that is no audit.
    pub level: Option<Level>,
}

/// The definition of a figure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Number and first day of validity, `1, from 2007-01-01`.
    pub version: String,
    /// The numerator in words.
    pub numerator: String,
    /// The denominator in words.
    pub denominator: String,
    /// Disclosure class: `D0` open counts, `D1` firms, `D2` declared by an authority, `D3` people.
    pub disclosure: String,
}

const KEYS: [&str; 8] =
    ["id", "title", "unit", "grain", "version", "numerator", "denominator", "disclosure"];
const AUDIT_KEYS: [&str; 3] = ["id", "title", "level"];

impl Header {
    /// Reads the header at the top of a file of `layer`.
    ///
    /// # Errors
    /// The line (from 1) and what is wrong with it.
    pub(crate) fn parse(text: &str, layer: Layer) -> Result<Self, (usize, String)> {
        let expected = match layer {
            Layer::Audit => &AUDIT_KEYS[..],
            _ if layer.has_definition() => &KEYS[..],
            _ => &KEYS[..4],
        };
        let mut values = Vec::with_capacity(expected.len());
        let mut lines = text.lines();
        for (line, key) in (1..).zip(expected) {
            let found = lines
                .next()
                .and_then(|line| line.strip_prefix("-- "))
                .and_then(|rest| rest.split_once(": "));
            match found {
                Some((found, value)) if found == *key && !value.trim().is_empty() => {
                    values.push(value.trim().to_owned())
                }
                _ => return Err((line, format!("expected the header line `-- {key}: …` here"))),
            }
        }
        let extra = lines
            .next()
            .and_then(|line| line.strip_prefix("-- "))
            .and_then(|rest| rest.split_once(": "));
        let is_key = |word: &str| word.bytes().all(|byte| byte.is_ascii_lowercase());
        if let Some((key, _)) = extra.filter(|(key, _)| is_key(key)) {
            return Err((expected.len() + 1, format!("unknown header key `{key}`")));
        }
        let mut values = values.into_iter();
        let mut next = || values.next().unwrap_or_default();
        let (id, title) = (next(), next());
        let level = (layer == Layer::Audit).then(|| level(&next())).transpose()?;
        let (unit, grain) = if level.is_some() { Default::default() } else { (next(), next()) };
        let (title_fr, title_en) =
            title.split_once(" / ").ok_or((2, "the title is `French / English`".to_owned()))?;
        let definition = layer.has_definition().then(|| Definition {
            version: next(),
            numerator: next(),
            denominator: next(),
            disclosure: next(),
        });
        Ok(Self {
            id,
            title_fr: title_fr.trim().to_owned(),
            title_en: title_en.trim().to_owned(),
            unit,
            grain: columns(&grain),
            definition,
            level,
        })
    }
}

/// The names between commas.
fn columns(grain: &str) -> Vec<String> {
    grain
        .split(',')
        .map(|column| column.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

/// The level of an audit, which stands on line 3.
fn level(text: &str) -> Result<Level, (usize, String)> {
    [Level::Blocking, Level::Warning]
        .into_iter()
        .find(|level| level.name() == text)
        .ok_or_else(|| (3, "the level is `blocking` or `warning`".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "-- id: X\n-- title: Oui / Yes\n-- unit: row\n-- grain: siren, period\nselect 1";

    #[test]
    fn header_is_read() {
        let header = Header::parse(GOOD, Layer::Core).unwrap();
        assert_eq!((header.title_fr.as_str(), header.title_en.as_str()), ("Oui", "Yes"));
        assert_eq!(header.grain, ["siren", "period"]);
    }

    #[test]
    fn a_wrong_key_names_its_line() {
        let cases = [
            (GOOD.replace("unit", "units"), 3),
            (GOOD.replace("-- id: X\n", ""), 1),
            (GOOD.replace(" / Yes", ""), 2),
            (GOOD.replace("select 1", "-- owner: me\nselect 1"), 5),
            (GOOD.replace("grain: siren, period", "grain: "), 4),
        ];
        for (text, line) in cases {
            assert_eq!(Header::parse(&text, Layer::Core).unwrap_err().0, line, "{text}");
        }
        assert_eq!(Header::parse(GOOD, Layer::Indicator).unwrap_err().0, 5);
    }

    #[test]
    fn an_audit_has_a_level() {
        let text = "-- id: X\n-- title: Oui / Yes\n-- level: warning\nselect 1";
        assert_eq!(Header::parse(text, Layer::Audit).unwrap().level, Some(Level::Warning));
        let wrong = text.replace("warning", "strict");
        assert_eq!(Header::parse(&wrong, Layer::Audit).unwrap_err().0, 3);
    }
}
