//! Messages of the exchange with the State, under the wrong name or with the wrong root.

use std::fs;

use super::Hostile;
use super::archive::zip;
use crate::support::REPOSITORY;

const ACT: &str = "022-212201131-20240115-2024_001-DE-1-1_0.xml";
const FLOW: &str = "pes/PESALR2_212201131_20240116_0001.xml";
const BUDGET: &str = "totem/BP2022_TRANSPORT.totem.xml";

fn sample(name: &str) -> Vec<u8> {
    fs::read(format!("{REPOSITORY}/tests/data/{name}")).unwrap()
}

/// The bytes of a sample with some words in the place of others.
fn altered(name: &str, old: &str, new: &str) -> Vec<u8> {
    let bytes = sample(name);
    let at = bytes.windows(old.len()).position(|bytes| bytes == old.as_bytes()).unwrap();
    [&bytes[..at], new.as_bytes(), &bytes[at + old.len()..]].concat()
}

pub(super) fn files() -> Vec<Hostile> {
    let act = sample(&format!("actes/{ACT}"));
    let cut = act[..act.len() / 2].to_vec();
    let bomb = "<!DOCTYPE a [<!ENTITY x SYSTEM \"file:///etc/passwd\">]><a>&x;</a>";
    let envelope = zip(&[(ACT, &act), ("bombe.xml", bomb.as_bytes())]);
    vec![
        Hostile::refused("act_messages/flow.xml", sample(FLOW), "no records"),
        Hostile::refused("flows/act.xml", act, "no records"),
        Hostile::refused("budget_lines/flow.xml", sample(FLOW), "no records"),
        Hostile::refused("classifications/budget.xml", sample(BUDGET), "no records"),
        Hostile::refused("acts/act.xml", sample(&format!("actes/{ACT}")), "not read from XML"),
        Hostile::rows("act_messages/cut.xml", cut, 0, &[("malformed", 1)]),
        Hostile::refused("act_messages/bomb-among-messages.zip", envelope, "document type"),
        // What a message leaves to its name.
        Hostile::rows(
            "act_messages/delib.xml",
            sample("actes/delib-sans-nom.xml"),
            0,
            &[("missing", 1)],
        ),
        Hostile::rows(
            "flows/amount.xml",
            altered(FLOW, "<MtBordHT V=\"", "<MtBordHT V=\"1e400"),
            0,
            &[("not_a_number", 1)],
        ),
        Hostile::rows("flows/cut.xml", sample(FLOW)[..1500].to_vec(), 0, &[("malformed", 1)]),
        Hostile::rows(
            "budget_lines/year.xml",
            altered(BUDGET, "<Exer V=\"2022\"", "<Exer V=\"20222\""),
            0,
            &[("out_of_range", 13)],
        ),
    ]
}
