//! GeoJSON whose outlines are none.

use super::Hostile;

/// A file of outlines with these coordinates, each of one ring.
fn outlines(rings: &[&str]) -> String {
    let feature = |(number, ring): (usize, &&str)| {
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{number:05}","nom":"x"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}"#
        )
    };
    let features: Vec<_> = rings.iter().enumerate().map(feature).collect();
    format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(",\n"))
}

const RING: &str = "[[-3.4,47.6],[-3.3,47.6],[-3.3,47.7],[-3.4,47.6]]";

pub(super) fn files() -> Vec<Hostile> {
    let rings = [
        RING,
        "[[-3.4,47.6],[-3.3,47.6],[-3.3,47.7],[-3.4,47.7]]",
        "[[-3.4,47.6],[-3.3,47.6],[-3.4,47.6]]",
        "[[352000,6789000],[352100,6789000],[352100,6789100],[352000,6789000]]",
        "[[-3.4],[-3.3],[-3.3],[-3.4]]",
        "[[-3.4,47.6],[-3.3,1e400],[-3.3,47.7],[-3.4,47.6]]",
        "[]",
        "null",
    ];
    let other = outlines(&[RING]).replace("Polygon", "Point");
    let many = format!("[{}[0,0]]", "[0,0],".repeat(1_000_000));
    let deep = format!("{}0,0{}", "[".repeat(100_000), "]".repeat(100_000));
    vec![
        Hostile::rows(
            "outlines/communes-2001.geojson",
            outlines(&rings),
            1,
            &[("not_an_outline", 7)],
        ),
        Hostile::rows(
            "outlines/communes-2002.geojson",
            outlines(&["[[NaN,0],[1,0],[1,1],[NaN,0]]"]),
            0,
            &[("malformed", 1)],
        ),
        Hostile::rows("outlines/communes-2003.geojson", other, 0, &[("not_an_outline", 1)]),
        Hostile::rows(
            "outlines/communes-2004.geojson",
            outlines(&[&many]),
            0,
            &[("not_an_outline", 1)],
        ),
        Hostile::rows(
            "outlines/communes-2005.geojson",
            outlines(&[&deep]),
            0,
            &[("not_an_outline", 1)],
        ),
        Hostile::rows(
            "outlines/communes-2006.geojson",
            outlines(&[RING]).replace("\"code\":\"00000\",", ""),
            0,
            &[("missing", 1)],
        ),
        Hostile::refused("outlines/communes.geojson", outlines(&[RING]), "the year"),
        Hostile::refused("outlines/contours-2007.geojson", outlines(&[RING]), "what it outlines"),
        Hostile::refused(
            "outlines/communes-2008.geojson",
            r#"{"type":"FeatureCollection"}"#,
            "no records",
        ),
        // Neither a list of outlines nor one of them: one bad row.
        Hostile::rows(
            "outlines/communes-2009.geojson",
            r#"{"type":"Topology","objects":{},"arcs":[[[0,0]]]}"#,
            0,
            &[("malformed", 1)],
        ),
    ]
}
