//! Outlines of territories (GeoJSON, in WGS 84) as rows of `outlines`.

use carnac_model::RowsBuilder;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::source::Source;
use crate::{Error, Result};

/// Most points of an outline.
const MAX_POINTS: usize = 1_000_000;

/// What a file's name begins with, and the kind of its territories.
const KINDS: [(&str, &str); 5] = [
    ("arrondissement", "arrondissement"),
    ("commune", "commune"),
    ("departement", "departement"),
    ("epci", "epci"),
    ("region", "region"),
];

#[derive(Deserialize)]
struct Feature<'a> {
    properties: Properties,
    #[serde(borrow)]
    geometry: &'a RawValue,
}

#[derive(Deserialize)]
struct Properties {
    code: Option<String>,
    nom: Option<String>,
}

/// A point is a longitude and a latitude, perhaps with a height behind them.
type Ring = Vec<Vec<f64>>;

#[derive(Deserialize)]
#[serde(tag = "type", content = "coordinates")]
enum Geometry {
    Polygon(Vec<Ring>),
    MultiPolygon(Vec<Vec<Ring>>),
}

/// Errs when the file's name does not tell the kind or the edition of its outlines.
pub(crate) fn named(source: &Source) -> Result<()> {
    let lacks = match (kind(source), source.edition()) {
        (None, _) => "what it outlines (communes, epci, arrondissements, departements, region)",
        (_, None) => "the year of its outlines",
        (Some(_), Some(_)) => return Ok(()),
    };
    Err(Error::Unnamed { path: source.path.clone(), lacks })
}

fn kind(source: &Source) -> Option<&'static str> {
    let name = source.path.file_stem()?.to_string_lossy().to_lowercase();
    KINDS.iter().find(|(word, _)| name.starts_with(word)).map(|(_, kind)| *kind)
}

/// Appends one outline, in the order of the dataset's fields.
pub(crate) fn push(
    source: &Source,
    rows: &mut RowsBuilder,
    line: i64,
    _: &str,
    text: &str,
) -> serde_json::Result<()> {
    let feature: Feature<'_> = serde_json::from_str(text)?;
    if !is_outline(feature.geometry.get()) {
        rows.push_fault(line, text, "not_an_outline");
        return Ok(());
    }
    let (Properties { code, nom }, edition) = (feature.properties, source.edition());
    let geometry = Some(feature.geometry.get());
    let values = [kind(source), code.as_deref(), edition.as_deref(), nom.as_deref(), geometry];
    rows.push(line, text, values);
    Ok(())
}

/// Whether the text is a polygon or several, of closed rings in WGS 84.
fn is_outline(geometry: &str) -> bool {
    let polygons = match serde_json::from_str(geometry) {
        Ok(Geometry::Polygon(rings)) => vec![rings],
        Ok(Geometry::MultiPolygon(polygons)) => polygons,
        Err(_) => return false,
    };
    let rings = || polygons.iter().flatten();
    !polygons.is_empty()
        && polygons.iter().all(|rings| !rings.is_empty())
        && rings().all(|ring| is_closed(ring))
        && rings().flatten().all(|point| is_in_wgs84(point))
        && rings().map(Vec::len).sum::<usize>() <= MAX_POINTS
}

fn is_closed(ring: &[Vec<f64>]) -> bool {
    ring.len() >= 4 && ring.first() == ring.last()
}

fn is_in_wgs84(point: &[f64]) -> bool {
    let [longitude, latitude, height @ ..] = point else { return false };
    longitude.abs() <= 180.0 && latitude.abs() <= 90.0 && height.len() <= 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trial::{land, reason};

    #[test]
    fn an_outline_is_of_closed_rings_in_wgs84() {
        let ring = "[[-3.4,47.6],[-3.3,47.6],[-3.3,47.7],[-3.4,47.6]]";
        let polygon = |ring: &str| format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#);
        let several = format!(r#"{{"coordinates":[[{ring}],[{ring}]],"type":"MultiPolygon"}}"#);
        assert!(is_outline(&polygon(ring)));
        assert!(is_outline(&several));
        assert!(is_outline(&polygon("[[0,0,12],[1,0,12],[1,1,12],[0,0,12]]")), "heights");
        let bad = [
            ("[[0,0],[1,0],[1,1],[0,1]]", "open"),
            ("[[0,0],[1,0],[0,0]]", "three points"),
            ("[[0,0],[180.1,0],[1,1],[0,0]]", "east of the world"),
            ("[[352000,6789000],[352100,6789000],[352100,6789100],[352000,6789000]]", "Lambert 93"),
            ("[[0,0],[1,-90.5],[1,1],[0,0]]", "south of the pole"),
            ("[[0,0],[1],[1,1],[0,0]]", "no latitude"),
            ("[[0,0],[1,NaN],[1,1],[0,0]]", "not a number"),
            ("[[0,0],[1,1e999],[1,1],[0,0]]", "infinite"),
            ("[]", "empty"),
        ];
        for (ring, why) in bad {
            assert!(!is_outline(&polygon(ring)), "{why}");
        }
        assert!(!is_outline(r#"{"type":"Polygon","coordinates":[]}"#));
        assert!(!is_outline(r#"{"type":"MultiPolygon","coordinates":[[]]}"#));
        assert!(!is_outline(r#"{"type":"Point","coordinates":[-3.4,47.6]}"#));
        assert!(!is_outline("null"));
    }

    #[test]
    fn features_of_a_list_or_alone_land_under_the_kind_and_year_of_the_name() {
        let list = include_str!("../../../tests/data/communes-2018-extrait.geojson");
        let landed = land("communes-2018-extrait.geojson", "outlines", list.as_bytes()).unwrap();
        assert_eq!((landed.accepted, landed.rejected), (2, Vec::new()));
        for (text, begin) in landed.texts.iter().zip([
            r#"commune;35022;Bécherel;{"type":"Polygon","coordinates":[[["#,
            r#"commune;29084;Île-Molène;{"type":"MultiPolygon","coordinates":[[[["#,
        ]) {
            assert!(text.starts_with(begin), "{text}");
        }

        let alone = r#"{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,0]]]},"properties":{"code":"53"}}"#;
        let landed = land("region-2018.geojson", "outlines", alone.as_bytes()).unwrap();
        assert!(landed.texts[0].starts_with(r#"region;53;;{"type":"Polygon""#), "{landed:?}");
        let open = alone.replace("[1,1],[0,0]", "[1,1],[0,1]");
        let landed = land("region-2018.geojson", "outlines", open.as_bytes()).unwrap();
        assert_eq!((landed.accepted, landed.rejected.len()), (0, 1));
        assert_eq!(landed.rejected[0].1, "not_an_outline");
    }

    #[test]
    fn a_name_without_a_year_or_a_kind_is_an_error() {
        let list = br#"{"type":"FeatureCollection","features":[]}"#;
        let error = reason(land("communes.geojson", "outlines", list));
        assert!(error.contains("does not tell the year"), "{error}");
        let error = reason(land("contours-2018.geojson", "outlines", list));
        assert!(error.contains("does not tell what it outlines"), "{error}");
    }

    #[test]
    fn points_are_counted() {
        let of = |points: usize| {
            let ring = format!("[{}[0,0]]", "[0,0],".repeat(points - 1));
            is_outline(&format!(r#"{{"type":"Polygon","coordinates":[{ring}]}}"#))
        };
        assert!(of(MAX_POINTS));
        assert!(!of(MAX_POINTS + 1));
    }
}
