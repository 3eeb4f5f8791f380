//! Flows read from samples that hold what must never show.

use std::io;

use arrow::array::RecordBatch;
use carnac_model::Checked;

use super::*;
use crate::batches::tests::{checked, table};

const SENT: &[u8] =
    include_bytes!("../../../../tests/data/pes/PESALR2_212201131_20240116_0001.xml");
const RECEIVED: &[u8] =
    include_bytes!("../../../../tests/data/pes/ACK_PESALR2_212201131_20240116_0001.xml");
/// What the samples hold that must never show.
const SECRETS: [&str; 6] = ["FICTIVE-TIERS", "FR76", "CONFIDENTIEL", "AUTRE OBJET", "Th", "UERGL"];

fn flows(file: impl Read) -> Checked {
    checked("flows", |batches| read(file, batches)).1
}

/// Everything that a batch holds.
fn all(rows: &RecordBatch) -> String {
    let schema = rows.schema();
    let names: Vec<_> = schema.fields().iter().map(|field| field.name().as_str()).collect();
    table(rows, &names.join(" ")).join("\n")
}

fn edited(from: &str, to: &str) -> Vec<u8> {
    let text: String = SENT.iter().map(|byte| char::from(*byte)).collect();
    assert!(text.contains(from), "{from}");
    text.replace(from, to).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn a_flow_is_its_header_and_its_counts() {
    let checked = flows(SENT);
    let columns = "flow_id siren siret message flow_date office_code budget_code fiscal_year \
                   domain batch_count piece_count line_count attachment_count amount_eur is_signed \
                   is_dematerialised is_acknowledged period source_line";
    assert_eq!(
        table(&checked.rows(), columns),
        ["PESALR2_212201131_20240116_0001|212201131|21220113100019|aller|2024-01-16|022010|01|\
          2024|expense|2|2|3|1|1350.30|true|true||2024|3"]
    );
}

#[test]
fn an_acknowledgement_bears_the_name_of_its_flow() {
    let checked = flows(RECEIVED);
    let columns = "flow_id siren message flow_date fiscal_year domain batch_count piece_count \
                   amount_eur is_signed is_acknowledged";
    assert_eq!(
        table(&checked.rows(), columns),
        ["PESALR2_212201131_20240116_0001|212201131|acquit|2024-01-18|2024|expense|2||||false"]
    );
    let all_good: String =
        String::from_utf8_lossy(RECEIVED).replace("EtatAck V=\"0\"", "EtatAck V=\"1\"");
    let checked = flows(all_good.as_bytes());
    assert_eq!(table(&checked.rows(), "is_acknowledged"), ["true"]);
}

#[test]
fn third_parties_never_show() {
    for file in [SENT, RECEIVED] {
        let shown = all(&flows(file).rows());
        assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
    let bad = [
        edited("V=\"2024-01-16\"", "V=\"2024-02-31\""),
        edited("1250.10", "Nom FICTIVE-TIERS"),
        edited("</n:PES_Aller>", ""),
        edited("<Nom V=\"FICTIVE-TIERS\"", "<Nom V=\"FICTIVE-TIERS"),
        edited("<IBAN V=", "<IBAN V=\"FR76\" V="),
        SENT[..2000].to_vec(),
    ];
    for file in bad {
        let rejected = flows(&file[..]);
        assert_eq!((rejected.read(), rejected.rows().num_rows()), (1, 0));
        let shown = all(rejected.rejected());
        assert!(shown.contains("IdColl=21220113100019"), "{shown}");
        assert!(SECRETS.iter().all(|secret| !shown.contains(secret)), "{shown}");
    }
}

#[test]
fn a_bad_flow_names_its_rule() {
    let rule = |file: &[u8]| table(flows(file).rejected(), "rule field");
    assert_eq!(rule(&edited("1250.10", "1.250,10")), ["not_a_number|"]);
    assert_eq!(rule(&edited("V=\"2024-01-16\"", "V=\"\"")), ["missing|flow_date"]);
    assert_eq!(rule(&edited("21220113100019", "21220113200019")), ["not_a_siren|siren"]);
    assert_eq!(rule(&SENT[..1500]), ["malformed|"]);
}

#[test]
fn a_flow_that_is_neither_signed_nor_whole_says_so() {
    let paper = edited("InfoDematerialisee V=\"1\"", "InfoDematerialisee V=\"0\"");
    assert_eq!(table(&flows(&paper[..]).rows(), "is_dematerialised"), ["false"]);
    let unsigned: Vec<u8> = edited("ds:Signature ", "ds:Other ");
    let unsigned = String::from_utf8_lossy(&unsigned).replace("</ds:Signature>", "</ds:Other>");
    let unsigned = unsigned.replace("ISO-8859-1", "UTF-8");
    assert_eq!(table(&flows(unsigned.as_bytes()).rows(), "is_signed"), ["false"]);
}

#[test]
fn other_files_hold_no_flow() {
    let returned = b"<n:PES_Retour xmlns:n='x'><NomFic V='a'/></n:PES_Retour>".as_slice();
    let (count, checked) = checked("flows", |batches| read(returned, batches));
    assert_eq!((count, checked.read()), (0, 0));
}

#[test]
fn a_great_attachment_is_counted_and_not_kept() {
    let text = edited("<Contenu>", "<Contenu><Fichier>");
    let place = text.windows(9).position(|at| at == b"<Fichier>").unwrap() + 9;
    let (head, tail) = text.split_at(place);
    let tail: Vec<u8> = [b"</Fichier>", tail].concat();
    let base64 = io::repeat(b'A').take(64 * 1024 * 1024);
    let mut tags = Tags::new(head.chain(base64).chain(&tail[..]));
    let mut kept = 0;
    while let Some(tag) = tags.next().unwrap() {
        kept = kept.max(tag.raw.len());
    }
    assert!(kept < 4096, "{kept}");
    let base64 = io::repeat(b'A').take(64 * 1024 * 1024);
    let checked = flows(head.chain(base64).chain(&tail[..]));
    assert_eq!(table(&checked.rows(), "attachment_count amount_eur"), ["1|1350.30"]);
}
