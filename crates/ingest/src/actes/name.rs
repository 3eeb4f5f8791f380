//! What the names of @CTES files say: the act, its sender, its date.

/// Abbreviations of natures in file names, and their codes.
const NATURES: [(&str, &str); 6] =
    [("DE", "1"), ("AR", "2"), ("AI", "3"), ("CC", "4"), ("BF", "5"), ("AU", "6")];

/// The IDActe, `DDD-SIREN-AAAAMMJJ-NUMERO-NAT`: what names an act on both sides of the exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ActId {
    /// The whole of it.
    pub(super) text: String,
    /// Official code of the département: `22`, `2A`.
    pub(super) department: String,
    pub(super) siren: String,
    /// Date of the decision, `2024-01-15`.
    pub(super) date: String,
    pub(super) number: String,
    /// Code of the nature; the abbreviation as it stands when it is not one of the list.
    pub(super) nature: String,
}

impl ActId {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        let (code, siren, date, number, nature) = (part()?, part()?, part()?, part()?, part()?);
        if parts.next().is_some() {
            return None;
        }
        let known = NATURES.iter().find(|(short, _)| short.eq_ignore_ascii_case(nature));
        Some(Self {
            text: text.to_owned(),
            department: department(code)?,
            siren: siren.to_owned(),
            date: civil_date(date)?,
            number: number.to_owned(),
            nature: known.map_or(nature, |(_, code)| code).to_owned(),
        })
    }

    /// Reads the name of a message, `…-T-M_k.xml`.
    pub(super) fn of_file(file: &str) -> Option<Self> {
        let mut parts = base(file).rsplitn(3, '-');
        let (message, transaction, id) = (parts.next()?, parts.next()?, parts.next()?);
        let is_message = message.split_once('_').is_some_and(|(number, _)| is_digits(number));
        if is_message && is_digits(transaction) { Self::parse(id) } else { None }
    }

    /// Puts the identifier together from what a message and its envelope say.
    pub(super) fn of_parts(
        department: &str,
        siren: &str,
        date: &str,
        number: &str,
        nature: &str,
    ) -> Option<Self> {
        let (short, _) = NATURES.iter().find(|(_, code)| *code == nature)?;
        let date: String = date.chars().take(10).filter(|c| *c != '-').collect();
        Self::parse(&format!("{department:0>3}-{siren}-{date}-{number}-{short}"))
    }
}

/// Returns the département that a file of the préfecture is named after: `035-…` or `…PREF035-…`.
pub(super) fn department_of_file(file: &str) -> Option<String> {
    let name = base(file);
    let code = match name.split_once("PREF") {
        Some((_, rest)) => rest.get(..3)?,
        None => name.split('-').next()?,
    };
    department(code)
}

/// Returns the date of an envelope, `EACT--SIREN--AAAAMMJJ-n.xml`.
pub(super) fn date_of_envelope(file: &str) -> Option<String> {
    base(file).rsplit('-').nth(1).and_then(civil_date)
}

/// Returns the official code of a département written on three characters: `022` is `22`.
pub(super) fn department(code: &str) -> Option<String> {
    let official = match code.strip_prefix('0') {
        Some(short) if code.len() == 3 => short,
        _ => code,
    };
    let valid = matches!(official.len(), 2 | 3)
        && official.starts_with(|c: char| c.is_ascii_digit())
        && official.chars().all(|c| c.is_ascii_digit() || matches!(c, 'A' | 'B'));
    valid.then(|| official.to_owned())
}

/// Returns the name without its folders.
pub(super) fn base(file: &str) -> &str {
    file.rsplit(['/', '\\']).next().unwrap_or(file)
}

/// `20240115` as `2024-01-15`; whether that is a date is for the check to say.
fn civil_date(compact: &str) -> Option<String> {
    if compact.len() != 8 || !is_digits(compact) {
        return None;
    }
    Some(format!("{}-{}-{}", compact.get(..4)?, compact.get(4..6)?, compact.get(6..)?))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_named_after_its_act() {
        let id = ActId::of_file("lot/022-200067981-20240115-2024_01A-DE-1-1_0.xml").unwrap();
        assert_eq!(id.text, "022-200067981-20240115-2024_01A-DE");
        assert_eq!((id.department.as_str(), id.siren.as_str()), ("22", "200067981"));
        assert_eq!((id.date.as_str(), id.nature.as_str()), ("2024-01-15", "1"));
        assert_eq!(ActId::of_parts("22", "200067981", "2024-01-15", "2024_01A", "1"), Some(id));
    }

    #[test]
    fn other_names_name_no_act() {
        for file in [
            "",
            "delib.xml",
            "EACT--213502388--20240115-1.xml",
            "035-213502388----7-2_1.xml",
            "035-213502388-2024-1-DE-1-1_0.xml",
            "035-213502388-20240115-A-B-DE-1-1_0.xml",
            "99_DE-035-213502388-20240115-1-DE-1-1_1.pdf",
        ] {
            assert_eq!(ActId::of_file(file), None, "{file}");
        }
    }

    #[test]
    fn departments_are_written_as_the_official_code() {
        let code = |text: &str| department(text).unwrap_or_default();
        assert_eq!([code("022"), code("02A"), code("974"), code("35")], ["22", "2A", "974", "35"]);
        assert_eq!([code(""), code("0"), code("abc"), code("0é2")], [""; 4]);
        assert_eq!(department_of_file("TACT--PREF0350-213502388-20240115-1.xml").unwrap(), "35");
        assert_eq!(department_of_file("TACT--SPREF0354-213502388-20240115-1.xml").unwrap(), "35");
        assert_eq!(department_of_file("029-242900314----7-2_1.xml").unwrap(), "29");
    }

    #[test]
    fn an_envelope_is_dated_by_its_name() {
        assert_eq!(date_of_envelope("EACT--213502388--20240116-12.xml").unwrap(), "2024-01-16");
        assert_eq!(date_of_envelope("enveloppe.xml"), None);
    }
}
