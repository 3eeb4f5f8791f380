//! Documents in both forms, cut from real ones.

use carnac_model::{Checked, dataset};

use super::*;
use crate::batches::tests::{checked, table};

/// Reads a TOTEM document.
fn document(xml: &[u8]) -> Checked {
    checked("budget_lines", |batches| read(xml, batches)).1
}

/// Reads an SCDL file by the names of its columns; one without header has those of `HEADER`.
fn twin(csv: &str) -> Checked {
    let budget_lines = dataset("budget_lines").unwrap();
    let csv = if csv.starts_with("BGT_") { csv.to_owned() } else { format!("{HEADER}\n{csv}") };
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let names = reader.headers().unwrap().clone();
    let read = |batches: &mut Batches<'_>| {
        for record in reader.records() {
            let record = record.unwrap();
            let of = |name: &str| record.get(names.iter().position(|header| header == name)?);
            let values = budget_lines.fields.iter().map(|field| match field.header {
                "BGT_SIREN" => of("BGT_SIRET").and_then(|siret| siret.get(..9)),
                header => of(header),
            });
            batches.rows.push(1, "", values);
        }
        Ok(0)
    };
    checked("budget_lines", read).1
}

fn sample(name: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/totem");
    std::fs::read(format!("{folder}/{name}")).unwrap()
}

/// What both forms of a document state; labels and some sections are in one only.
const STATED: &str = "siret siren year document chapter_code nature_code function_code operation \
                      operation_kind side actual_eur previous_budget_eur carried_previous_eur \
                      proposed_eur voted_eur open_credit_eur carried_eur speciality period";

const HEADER: &str = "BGT_NATDEC,BGT_ANNEE,BGT_SIRET,BGT_NOM,BGT_CONTNAT,BGT_CONTNAT_LABEL,\
                      BGT_NATURE,BGT_NATURE_LABEL,BGT_FONCTION,BGT_FONCTION_LABEL,BGT_OPERATION,\
                      BGT_SECTION,BGT_OPBUDG,BGT_CODRD,BGT_MTREAL,BGT_MTBUDGPREC,BGT_MTRARPREC,\
                      BGT_MTPROPNOUV,BGT_MTPREV,BGT_CREDOUV,BGT_MTRAR3112,BGT_ARTSPE";

/// Documents in both forms (TOTEM, SCDL), and how many lines their samples keep.
const TWINS: [(&str, &str, usize); 8] = [
    ("BP2022_TRANSPORT", "BP2022_TRANSPORT", 13),
    (
        "DOCBUDG-21560046100010-056025-DM2-2021-25112021000000",
        "DOCBUDG-21560046100010-056025-DM2-2021-25112021000000",
        14,
    ),
    (
        "DOCBUDG-21560046100010-056025-DM3-2021-17122021000000",
        "DOCBUDG-21560046100010-056025-DM3-2021-17122021000000",
        14,
    ),
    (
        "DOCBUDG-21560046100085-056025-BP-2022-07042022000000",
        "DOCBUDG-21560046100085-056025-BP-2022-07042022000000",
        10,
    ),
    (
        "DOCBUDG-21560046100085-056025-CA-2021-01032022000000",
        "DOCBUDG-21560046100085-056025-CA-2021-01032022000000",
        10,
    ),
    (
        "DOCBUDG-21560046100085-056025-DM1-2022-05072022000000",
        "DOCBUDG-21560046100085-056025-DM1-2022-05072022000000",
        10,
    ),
    ("budget-crach-001", "budget-crach-001", 14),
    ("budget-crach-001", "budget-crach-001-xslt-custom", 14),
];

#[test]
fn both_forms_of_a_document_agree_line_by_line() {
    for (totem, scdl, lines) in TWINS {
        let ours = document(&sample(&format!("{totem}.totem.xml")));
        let csv = String::from_utf8(sample(&format!("{scdl}.scdl-budget.csv"))).unwrap();
        let theirs = twin(&csv);
        assert_eq!((ours.rejected().num_rows(), theirs.rejected().num_rows()), (0, 0), "{scdl}");
        let (ours, theirs) = (&ours.rows(), &theirs.rows());
        assert_eq!(table(ours, STATED), table(theirs, STATED), "{scdl}");
        assert_eq!(ours.num_rows(), lines, "{scdl}");

        let sections = table(ours, "section").into_iter();
        let mut sections = sections.zip(table(theirs, "section"));
        assert!(sections.all(|(a, b)| a == b || a.is_empty() || b.is_empty()), "{scdl}");
    }
}

#[test]
fn a_line_has_the_words_of_the_scdl() {
    let checked =
        document(&sample("DOCBUDG-21560046100010-056025-DM2-2021-25112021000000.totem.xml"));
    let columns = "siret siren authority_name year document document_number chapter_code \
                   nature_code nature_name section operation_kind side voted_eur speciality period \
                   source_line";
    assert_eq!(
        table(&checked.rows(), columns)[0],
        "21560046100010|215600461|CRACH|2021|Décision modificative|2|012|6413||fonctionnement|\
         réel|dépense|0.00|non spécialisé|2021|46"
    );
}

#[test]
fn each_budget_of_a_document_has_its_own_header() {
    let xml = "<d:DocumentBudgetaire xmlns:d='x'>
        <d:EnTeteDocBudgetaire><d:LibelleColl V='FICTIF'/></d:EnTeteDocBudgetaire>
        <d:Budget><d:EnTeteBudget><d:IdEtab V='21560046100010'/></d:EnTeteBudget>
        <d:BlocBudget><d:NatDec V='09'/><d:Exer V='2021'/></d:BlocBudget>
        <d:LigneBudget><d:Nature V='6261'/><d:MtReal V='-1.5'/></d:LigneBudget></d:Budget>
        <d:Budget><d:EnTeteBudget><d:IdEtab V='21560046100085'/></d:EnTeteBudget>
        <d:LigneBudget><d:Nature V='6064'/></d:LigneBudget></d:Budget>
        </d:DocumentBudgetaire>";
    let checked = document(xml.as_bytes());
    assert_eq!(
        table(&checked.rows(), "siret authority_name document nature_code actual_eur"),
        ["21560046100010|FICTIF|Compte administratif|6261|-1.50"]
    );
    assert_eq!(table(checked.rejected(), "line rule field"), ["7|missing|year"]);
}

#[test]
fn a_code_without_a_word_lands_as_no_value_with_a_warning() {
    let bytes = sample("budget-crach-001.totem.xml");
    let text: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = text.replace("ISO-8859-1", "UTF-8").replace("NatDec V=\"01\"", "NatDec V=\"77\"");
    let checked = document(text.as_bytes());
    assert_eq!(checked.rows().num_rows(), 14);
    assert_eq!(table(&checked.rows(), "document warnings")[0], "|unknown_term");
}
