-- id: core.reference_figures
-- title: Chiffres publiés, jamais calculés ici / Published figures, never computed here
-- unit: mixed
-- grain: edition, figure
-- Constants with their origin. What they rest on was not published: neither base year, nor growth,
-- nor perimeter. `measure` is what a scenario compares with them.
select
    edition,
    figure,
    measure,
    title,
    cast(value as decimal(18, 2)) as value,
    unit,
    origin
from (
    values
    ('bilan-2013', 'pooling', 'pooling_net', 'Économies de mutualisation, bilan 2013', 1120000.00, 'eur', 'bilan 2013'),
    ('bilan-2013', 'five_years', 'at_present_rate', 'Économies sur 5 ans au taux actuel, bilan 2013', 3800000.00, 'eur', 'bilan 2013'),
    ('bilan-2013', 'full_rate', 'at_full_rate', 'Économies à 100 %, bilan 2013', 9700000.00, 'eur', 'bilan 2013'),
    ('bilan-2013', 'remaining', 'remaining', 'Gisement restant, bilan 2013', 5900000.00, 'eur', 'déduit du bilan 2013 : 9,7 − 3,8'),
    ('bilan-2013', 'share', 'share', 'Part déjà acquise, bilan 2013', 39.18, 'percent', 'déduit du bilan 2013 : 3,8 ÷ 9,7'),
    ('bilan-2013', 'assistance', null, 'Assistance à maîtrise d’ouvrage', 50000.00, 'eur', 'bilan 2013'),
    ('bilan-2013', 'members', null, 'Membres du Syndicat mixte', 98.00, 'count', 'bilan 2013'),
    ('bilan-2013', 'membership', null, 'Part des collectivités bretonnes représentées', 80.00, 'percent', 'bilan 2013')
) as f (edition, figure, measure, title, value, unit, origin)
