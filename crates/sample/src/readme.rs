//! What stands beside the files, so that nobody takes them for real.

use crate::{EDITION, Format, Manifest, Options, PROFILES, PUBLIC_KEY};

/// The text of `README.md`, in French and in English.
pub(crate) fn readme(options: &Options, manifest: &Manifest) -> String {
    let Options { seed, scale, defects_per_million, .. } = options;
    let (rows, version) = (manifest.rows(), env!("CARGO_PKG_VERSION"));
    let ingest = ingest(manifest);
    let format = format_name(options.format);
    format!(
        "# Données synthétiques / Synthetic data

**Toutes les lignes de ce dossier sont inventées par un programme.** Elles sont rattachées aux
SIREN de vraies collectivités bretonnes pour que les fichiers se joignent aux listes réelles, à des
fins de démonstration, d'essai et de mesure. Elles ne disent rien de ces collectivités : aucun
acte, aucune consultation, aucun pli, aucun flux, aucune déclaration, aucune réponse n'existe. Ne
les citez pas. Les identifiants commencent par `SYN-`, les noms de fichiers contiennent
`synthetic`, et les entreprises portent des SIREN en 999 qui n'appartiennent à personne. L'enquête
est un export d'outil d'enquête, avec des colonnes qui n'entrent jamais dans l'entrepôt (courriel,
adresse IP, texte libre) : elle se lit par les profils de `profiles`, et les répondants reçoivent un
pseudonyme fait avec une clé, ici publique.

Certaines lignes sont fausses exprès : `_manifest.json` dit combien, dans quel fichier et selon
quelle règle de contrôle ; une réponse acceptée de l'enquête y compte une ligne par question posée.

**Every row in this folder was invented by a program.** The rows carry the SIREN of real Breton
authorities so that the files join with the real lists, for demonstration, tests and benches. They
say nothing about those authorities: no act, tender, bid, flow, declaration or answer in them
exists. Do not quote them. Identifiers begin with `SYN-`, file names hold `synthetic`, and
companies have SIREN in 999 that belong to nobody. The survey is an export of a survey tool, with
columns that never land (e-mail, IP address, free text): it is read through the profiles in
`profiles`, and respondents get a pseudonym made with a key, here a public one.

Some rows are wrong on purpose: `_manifest.json` says how many, in which file, and by which rule;
an accepted response of the survey counts one row an item.

| graine / seed | échelle / scale | défauts par million / defects per million | format | lignes / rows | générateur / generator |
|---|---|---|---|---|---|
| {seed} | {scale} | {defects_per_million} | {format} | {rows} | {EDITION} (carnac {version}) |

La même graine, la même échelle et la même édition du générateur donnent les mêmes fichiers CSV,
octet pour octet. / The same seed, scale and edition of the generator give the same CSV files,
byte for byte.

```
carnac sample --scale {scale} --seed {seed} --out DIR
{ingest}
```
"
    )
}

/// The command that lands the folder; a survey lands through its profile and under a key.
fn ingest(manifest: &Manifest) -> String {
    if manifest.waves().next().is_none() {
        return "carnac ingest DIR".to_owned();
    }
    let (key, _) = PUBLIC_KEY;
    format!("carnac ingest DIR --profile DIR/{PROFILES} --pseudonym-key-file DIR/{key}")
}

/// The first members of the manifest.
pub(crate) fn about(options: &Options) -> String {
    let Options { seed, scale, defects_per_million, .. } = options;
    let (format, version) = (format_name(options.format), env!("CARGO_PKG_VERSION"));
    format!(
        "\"synthetic\": true, \"generator\": {EDITION}, \"version\": \"{version}\", \"seed\": {seed}, \
         \"scale\": {scale}, \"defects_per_million\": {defects_per_million}, \"format\": \"{format}\", \
         \"until\": \"2026-06-30\","
    )
}

fn format_name(format: Format) -> &'static str {
    match format {
        Format::Csv => "csv",
        Format::Parquet => "parquet",
    }
}
