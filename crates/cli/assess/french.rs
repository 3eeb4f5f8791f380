//! Numbers as French readers write them. They come as text, and are rounded for display only.

/// `12 345,60` of `12345.6` with two decimals; `-` of what is no number.
pub(super) fn number(text: Option<&String>, decimals: usize) -> String {
    let Some(value) = text.and_then(|text| text.parse::<f64>().ok()) else {
        return "-".to_owned();
    };
    let rounded = format!("{value:.decimals$}");
    let (whole, fraction) = rounded.split_once('.').unwrap_or((&rounded, ""));
    let (sign, digits) = match whole.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", whole),
    };
    let mut grouped = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place) % 3 == 0 {
            grouped.push(' ');
        }
        grouped.push(digit);
    }
    let comma = if fraction.is_empty() { "" } else { "," };
    format!("{sign}{grouped}{comma}{fraction}")
}

/// `81,3 %` of the fraction `0.8125`.
pub(super) fn percent(text: Option<&String>) -> String {
    let hundredfold =
        |text: &String| text.parse::<f64>().ok().map(|value| (value * 100.0).to_string());
    match text.and_then(hundredfold) {
        Some(value) => format!("{} %", number(Some(&value), 1)),
        None => "-".to_owned(),
    }
}

/// `+2,5 pt`, of points.
pub(super) fn points(text: Option<&String>) -> String {
    let told = number(text, 1);
    match told.as_str() {
        "-" => told,
        "0,0" | "-0,0" => "0,0 pt".to_owned(),
        negative if negative.starts_with('-') => format!("{negative} pt"),
        positive => format!("+{positive} pt"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_french() {
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(number(text("1234567.891").as_ref(), 2), "1 234 567,89");
        assert_eq!(number(text("-1234").as_ref(), 0), "-1 234");
        assert_eq!((number(None, 0), number(text("x").as_ref(), 0)), ("-".into(), "-".into()));
        assert_eq!(percent(text("0.8125").as_ref()), "81,2 %");
        assert_eq!(points(text("2.54").as_ref()), "+2,5 pt");
        assert_eq!(points(text("-0.01").as_ref()), "0,0 pt");
        assert_eq!(points(text("-3").as_ref()), "-3,0 pt");
    }
}
