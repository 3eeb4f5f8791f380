//! Functions in Rust, where SQL cannot say it well.

pub(crate) mod bounded;
mod of_group;
mod others_quantile;
mod percentile_rank;
mod siren;
mod theil_sen;
mod wilson;

use datafusion::logical_expr::{AggregateUDF, ScalarUDF, WindowUDF};

use crate::scenario;

/// What the catalogue says of a function in Rust.
pub(crate) struct Sheet {
    pub(crate) name: &'static str,
    /// `scalar`, `aggregate`, `window` or `table`.
    pub(crate) kind: &'static str,
    pub(crate) signature: &'static str,
    pub(crate) fr: &'static str,
    pub(crate) en: &'static str,
    /// A true sentence in SQL.
    pub(crate) example: &'static str,
}

/// The functions of this module, by name.
pub(crate) static SHEETS: [Sheet; 8] = [
    Sheet {
        name: "others_quantile",
        kind: "window",
        signature: "others_quantile(value double, share double) over (partition by …) returns double",
        fr: "Quantile des autres valeurs du groupe : la ligne elle-même n'y est pas ; interpolé entre deux valeurs (type 7), les valeurs absentes ne comptent pas",
        en: "Quantile of the other values of the group: the row itself is not among them; interpolated between two values (type 7), absent values do not count",
        example: "(select max(q) from (select others_quantile(x, 0.5) over () as q from (values (1.0), (2.0), (3.0), (4.0)) as t (x)) as compared) = 3.0",
    },
    Sheet {
        name: "percentile_rank",
        kind: "window",
        signature: "percentile_rank(value double) over (partition by …) returns double",
        fr: "Rang centile dans le groupe : (valeurs inférieures + la moitié des valeurs égales, elle-même comprise) / effectif ; une valeur absente n'a pas de rang et ne compte pas",
        en: "Percentile rank in the group: (values below + half of the equal ones, itself included) / number of values; an absent value has no rank and does not count",
        example: "(select max(r) from (select percentile_rank(x) over () as r from (values (1.0), (2.0), (2.0), (4.0)) as t (x)) as ranked) = 0.875",
    },
    Sheet {
        name: scenario::NAME,
        kind: "table",
        signature: "scenario(text varchar [, seed bigint [, draws bigint]]) returns table (section varchar, item varchar, title varchar, year bigint, low decimal, mid decimal, high decimal, unit varchar)",
        fr: "Un « et si » du modèle d'économies : le texte TOML d'un scénario, ou le nom d'un de ceux du programme",
        en: "A what-if of the savings model: the TOML text of a scenario, or the name of one that the program carries",
        // With the calibrated parameters of the samples.
        example: "(select mid from scenario('bilan-2013', 1, 100) where section = 'at_full_rate' and item = 'all' and year is null) = 9700050",
    },
    Sheet {
        name: "siren_valid",
        kind: "scalar",
        signature: "siren_valid(text varchar) returns boolean",
        fr: "Le texte est un SIREN : neuf chiffres et leur clé",
        en: "The text is a SIREN: nine digits and their key",
        example: "siren_valid('213502388')",
    },
    Sheet {
        name: "siret_valid",
        kind: "scalar",
        signature: "siret_valid(text varchar) returns boolean",
        fr: "Le texte est un SIRET : quatorze chiffres et leur clé, ou un établissement de La Poste",
        en: "The text is a SIRET: fourteen digits and their key, or an office of La Poste",
        example: "siret_valid('21350238800019')",
    },
    Sheet {
        name: "theil_sen_slope",
        kind: "aggregate",
        signature: "theil_sen_slope(x double, y double) returns double",
        fr: "Pente de Theil-Sen : la médiane des pentes entre tous les couples de points d'abscisses différentes ; au plus 2 000 points",
        en: "Theil-Sen slope: the median of the slopes between all pairs of points that differ in x; at most 2,000 points",
        example: "(select theil_sen_slope(x, y) from (values (1, 1), (2, 3), (3, 5), (4, 100)) as t (x, y)) = 17.5",
    },
    Sheet {
        name: "wilson_high",
        kind: "aggregate",
        signature: "wilson_high(numerator bigint, denominator bigint) returns double",
        fr: "Borne haute de l'intervalle de Wilson à 95 % du rapport des deux sommes",
        en: "Upper bound of the 95 % Wilson interval of the ratio of the two sums",
        example: "(select round(wilson_high(k, n), 4) from (values (7, 10)) as t (k, n)) = 0.8922",
    },
    Sheet {
        name: "wilson_low",
        kind: "aggregate",
        signature: "wilson_low(numerator bigint, denominator bigint) returns double",
        fr: "Borne basse de l'intervalle de Wilson à 95 % du rapport des deux sommes",
        en: "Lower bound of the 95 % Wilson interval of the ratio of the two sums",
        example: "(select round(wilson_low(k, n), 4) from (values (7, 10)) as t (k, n)) = 0.3968",
    },
];

/// The scalar functions.
pub(crate) fn scalar() -> Vec<ScalarUDF> {
    vec![
        ScalarUDF::new_from_impl(siren::Valid::siren()),
        ScalarUDF::new_from_impl(siren::Valid::siret()),
    ]
}

/// The aggregate functions.
pub(crate) fn aggregate() -> Vec<AggregateUDF> {
    vec![
        AggregateUDF::new_from_impl(theil_sen::Slope::new()),
        AggregateUDF::new_from_impl(wilson::Wilson::low()),
        AggregateUDF::new_from_impl(wilson::Wilson::high()),
    ]
}

/// The window functions.
pub(crate) fn window() -> Vec<WindowUDF> {
    vec![
        WindowUDF::new_from_impl(others_quantile::others_quantile()),
        WindowUDF::new_from_impl(percentile_rank::percentile_rank()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_its_sheet() {
        let mut names: Vec<_> =
            scalar().iter().map(|function| function.name().to_owned()).collect();
        names.extend(aggregate().iter().map(|function| function.name().to_owned()));
        names.extend(window().iter().map(|function| function.name().to_owned()));
        names.push(scenario::NAME.to_owned());
        names.sort();
        assert_eq!(names, SHEETS.each_ref().map(|sheet| sheet.name));
    }
}
