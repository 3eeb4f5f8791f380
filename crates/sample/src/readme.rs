//! What stands beside the files, so that nobody takes them for real.

use crate::{EDITION, Format, Manifest, Options};

/// The text of `README.md`, in French and in English.
pub(crate) fn readme(options: &Options, manifest: &Manifest) -> String {
    let Options { seed, scale, defects_per_million, .. } = options;
    let (rows, version) = (manifest.rows(), env!("CARGO_PKG_VERSION"));
    let format = format_name(options.format);
    format!(
        "# Données synthétiques / Synthetic data

**Toutes les lignes de ce dossier sont inventées par un programme.** Elles sont rattachées aux
SIREN de vraies collectivités bretonnes pour que les fichiers se joignent aux listes réelles, à des
fins de démonstration, d'essai et de mesure. Elles ne disent rien de ces collectivités : aucun
acte, aucune consultation, aucun pli, aucun flux, aucune déclaration, aucune réponse n'existe. Ne
les citez pas. Les identifiants commencent par `SYN-`, les noms de fichiers contiennent
`synthetic`, et les entreprises portent des SIREN en 999 qui n'appartiennent à personne.

Certaines lignes sont fausses exprès : `_manifest.json` dit combien, dans quel fichier et selon
quelle règle de contrôle.

**Every row in this folder was invented by a program.** The rows carry the SIREN of real Breton
authorities so that the files join with the real lists, for demonstration, tests and benches. They
say nothing about those authorities: no act, tender, bid, flow, declaration or answer in them
exists. Do not quote them. Identifiers begin with `SYN-`, file names hold `synthetic`, and
companies have SIREN in 999 that belong to nobody.

Some rows are wrong on purpose: `_manifest.json` says how many, in which file, and by which rule.

| graine / seed | échelle / scale | défauts par million / defects per million | format | lignes / rows | générateur / generator |
|---|---|---|---|---|---|
| {seed} | {scale} | {defects_per_million} | {format} | {rows} | {EDITION} (carnac {version}) |

La même graine, la même échelle et la même édition du générateur donnent les mêmes fichiers CSV,
octet pour octet. / The same seed, scale and edition of the generator give the same CSV files,
byte for byte.

```
carnac sample --scale {scale} --seed {seed} --out DIR
carnac ingest DIR --profile DIR/profiles --pseudonym-key-file CLE
```

Les profils de `profiles` disent quelles colonnes des exports d'enquête sont lues ; CLE est un
fichier avec une clé secrète de votre choix. / The profiles say which columns of the survey exports
are read; CLE is a file with a secret key of your choice.
"
    )
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
