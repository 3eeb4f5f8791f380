-- id: published.survey_estimates
-- title: Avis estimés pour toutes les collectivités / Opinions estimated for all authorities
-- unit: ratio
-- grain: indicator_id, item, family, period
-- version: 1, from 2007-01-01
-- definition: Part d'accord (B08, B09, B10) ou de oui (B12) et note moyenne de chaque item, pondérées
--   par strate et département, avec leur erreur type et leurs intervalles à 95 %.
--   / Share of agreement (B08, B09, B10) or of yes (B12) and mean point of each item, weighted by
--   stratum and département, with their standard error and 95 % intervals.
-- numerator: somme sur les cellules de N × part d'accord des réponses de la cellule
--   / sum over the cells of N × share of agreement among the answers of the cell
-- denominator: somme de N, collectivités des cellules qui ont une réponse
--   / sum of N, authorities of the cells that have an answer
-- source: enquêtes auprès des collectivités ; listes officielles
--   / surveys of the authorities; official lists
-- freshness: à chaque vague d'enquête / with each wave of a survey
-- caveat: Une estimation, jamais un décompte. Une cellule est une strate d'un département ; qui n'y
--   répond pas à l'item (sans réponse, « ne sait pas », « sans objet ») est supposé pareil à qui
--   répond. Une cellule sans réponse n'est pas représentée : voir represented_share. Variance
--   stratifiée avec correction de population finie, comme le paquet R survey ; une réponse seule dans
--   sa cellule est écartée de la moyenne générale (adjust). Wilson à l'effectif équivalent. Moins de
--   5 réponses : masqué.
--   / An estimate, never a count. A cell is a stratum of a département; who does not answer the item
--   there (no answer, "does not know", "not concerned") is taken to be like who does. A cell
--   without an answer is not represented: see represented_share. Stratified variance with
--   finite population correction, as of the R package survey; an answer alone in its cell deviates
--   from the general mean (adjust). Wilson at the effective number. Fewer than 5 answers:
--   suppressed.
-- disclosure: D2
-- What is summed over strata is summed as decimals: a sum of floats hangs on the order of the rows.
with means as (
    select
        indicator_id,
        item,
        family,
        period,
        sum(answer_count) as answer_count,
        sum(unknown_count) as unknown_count,
        sum(not_concerned_count) as not_concerned_count,
        sum(not_answered_count) as not_answered_count,
        sum(authority_count) as authority_count,
        sum(case when answer_count > 0 then authority_count end) as represented_count,
        cast(sum(cast(authority_count * share as decimal(38, 15))) as double) / sum(case when answer_count > 0 then authority_count end) as share,
        cast(sum(cast(authority_count * mean_point as decimal(38, 15))) as double) / sum(case when answer_count > 0 then authority_count end) as mean_point
    from cube.opinions
    group by indicator_id, item, family, period
),

errors as (
    select
        c.indicator_id,
        c.item,
        c.family,
        c.period,
        sqrt(cast(sum(cast(stratum_variance(c.authority_count, c.answer_count,
            case c.answer_count when 1 then power(c.share - m.share, 2) else c.share_variance end)
            as decimal(38, 15))) as double))
            / max(m.represented_count) as share_error,
        sqrt(cast(sum(cast(stratum_variance(c.authority_count, c.answer_count,
            case c.answer_count when 1 then power(c.mean_point - m.mean_point, 2) else c.point_variance end)
            as decimal(38, 15))) as double))
            / max(m.represented_count) as point_error
    from cube.opinions as c
    inner join means as m using (indicator_id, item, family, period)
    group by c.indicator_id, c.item, c.family, c.period
),

judged as (
    select
        m.*,
        m.answer_count >= 5 as is_public,
        e.share_error,
        e.point_error,
        case when e.share_error > 0 then m.share * (1 - m.share) / power(e.share_error, 2) else m.answer_count end as effective_count
    from means as m
    inner join errors as e using (indicator_id, item, family, period)
)

select
    indicator_id,
    item,
    family,
    period,
    case when is_public then share end as value,
    case when is_public then 'observed' else 'suppressed' end as status,
    case when is_public then share_error end as value_error,
    case when is_public then greatest(0, share - 1.959963984540054 * share_error) end as value_low,
    case when is_public then least(1, share + 1.959963984540054 * share_error) end as value_high,
    case when is_public then effective_count end as effective_count,
    case when is_public then wilson_bound(share, effective_count, -1.959963984540054) end as wilson_low,
    case when is_public then wilson_bound(share, effective_count, 1.959963984540054) end as wilson_high,
    case when is_public then mean_point end as mean_point,
    case when is_public then point_error end as mean_error,
    case when is_public then answer_count end as answer_count,
    case when is_public then unknown_count end as unknown_count,
    case when is_public then not_concerned_count end as not_concerned_count,
    case when is_public then not_answered_count end as not_answered_count,
    authority_count,
    safe_ratio(represented_count, authority_count) as represented_share
from judged
