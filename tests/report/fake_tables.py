"""Made-up tables, with counts as in the paper."""

from __future__ import annotations

from fake_cohort import wald

from trephine.facts import (
    ContinuousSummaryFact,
    CoxRow,
    CoxTableFacts,
    CoxVariable,
    LevelCount,
    Table1Facts,
    Table1Level,
    Table1Variable,
)


def table1() -> Table1Facts:
    sizes = (212, 148, 64)

    def categorical(name, label, rows, test, statistic, p, smd):
        levels = tuple(
            Table1Level(
                level=level,
                columns=tuple(
                    LevelCount(count=c, percent=100 * c / n)
                    for c, n in zip((a + b, a, b), sizes, strict=True)
                ),
            )
            for level, a, b in rows
        )
        return Table1Variable(
            name=name,
            label=label,
            type="categorical",
            summary="counts",
            levels=levels,
            missing=(0, 0, 0),
            test=test,
            statistic=statistic,
            p=p,
            smd=smd,
        )

    def continuous(name, label, unit, rows, summary, test, statistic, p, smd, **more):
        return Table1Variable(
            name=name,
            label=label,
            unit=unit,
            type="continuous",
            summary=summary,
            continuous=tuple(
                ContinuousSummaryFact(n=n, mean=m, sd=s, median=q2, q1=q1, q3=q3)
                for n, (m, s, q2, q1, q3) in zip(sizes, rows, strict=True)
            ),
            missing=(0, 0, 0),
            normality_p=0.21 if summary == "mean" else 0.001,
            test=test,
            statistic=statistic,
            p=p,
            smd=smd,
            **more,
        )

    def skewed(q2, q1, q3):
        return (q2, (q3 - q1) / 1.35, q2, q1, q3)

    chi = "chi-square"
    return Table1Facts(
        columns=("All", "No collapse", "Collapse"),
        sizes=sizes,
        variables=(
            categorical(
                "sex",
                "Sex",
                (("Female", 30, 12), ("Male", 118, 52)),
                chi,
                0.07,
                0.799,
                0.04,
            ),
            continuous(
                "age",
                "Age",
                "years",
                (skewed(42, 33, 49), skewed(40.5, 33, 50), skewed(42.5, 35.75, 47.25)),
                "median",
                "Mann-Whitney",
                -0.01,
                0.992,
                0.02,
            ),
            continuous(
                "bmi",
                "Body mass index",
                "kg/m²",
                (
                    skewed(23.71, 21.58, 26.04),
                    skewed(23.66, 21.22, 26.05),
                    skewed(23.79, 22.32, 25.86),
                ),
                "median",
                "Mann-Whitney",
                -1.12,
                0.262,
                0.15,
            ),
            categorical(
                "aetiology",
                "Aetiology",
                (("Idiopathic", 84, 37), ("Corticosteroid", 37, 21), ("Alcohol-related", 27, 6)),
                chi,
                3.26,
                0.196,
                0.28,
            ),
            categorical(
                "arco",
                "ARCO stage",
                (("I", 39, 10), ("II", 77, 31), ("IIIA", 32, 23)),
                chi,
                5.87,
                0.053,
                0.37,
            ),
            categorical(
                "oedema",
                "Bone marrow oedema",
                (("No", 68, 15), ("Yes", 80, 49)),
                chi,
                9.50,
                0.002,
                0.49,
            ),
            categorical(
                "location",
                "JIC type",
                (("B", 13, 2), ("C1", 51, 16), ("C2", 84, 46)),
                "Fisher",
                None,
                0.084,
                0.35,
            ),
            continuous(
                "angle",
                "Combined necrotic angle",
                "°",
                (
                    (211.53, 44.58, 210.5, 180.1, 242.0),
                    (204.23, 44.67, 203.0, 172.0, 235.0),
                    (228.40, 39.82, 229.0, 201.0, 255.0),
                ),
                "mean",
                "t",
                -3.73,
                0.0003,
                0.57,
                lowest_possible=0,
                highest_possible=720,
            ),
            continuous(
                "index",
                "Necrosis degree index",
                "",
                (
                    (35.47, 14.36, 33.8, 25.1, 44.9),
                    (33.21, 13.94, 31.9, 23.0, 41.0),
                    (40.69, 14.05, 39.9, 30.8, 50.1),
                ),
                "mean",
                "t",
                -3.58,
                0.0004,
                0.53,
                formula="(A/180)(B/180)·100",
                lowest_possible=0,
                highest_possible=100,
            ),
        ),
    )


def cox_table(protocol: str) -> CoxTableFacts:
    cut = protocol == "published"

    def row(level, n, events, uni=None, multi=None, reference=False):
        return CoxRow(
            level=level,
            n=n,
            events=events,
            reference=reference,
            univariable=uni and wald(*uni),
            multivariable=multi and wald(*multi),
        )

    def ref(level, n, events):
        return row(level, n, events, reference=True)

    angle = (
        CoxVariable(
            name="angle",
            label="Combined necrotic angle",
            unit="°",
            cut_off=210.5,
            rows=(
                ref("< 210.50", 106, 21),
                row("≥ 210.50", 106, 43, (2.42, 0.0008), (2.41, 0.0008)),
            ),
            univariable_p=0.0008,
            multivariable_p=0.0008,
        )
        if cut
        else CoxVariable(
            name="angle",
            label="Combined necrotic angle",
            unit="°",
            rows=(row("per 10°", 212, 64, (1.12, 0.0002), (1.11, 0.0009)),),
            univariable_p=0.0002,
            multivariable_p=0.0009,
        )
    )
    return CoxTableFacts(
        protocol=protocol,
        continuous="cut at the median" if cut else "as measured",
        standard_errors="model" if cut else "cluster-robust",
        entry_p=0.1 if cut else None,
        stay_p=0.05 if cut else None,
        elimination="backward elimination by Wald p" if cut else "backward elimination by AIC",
        n=212,
        events=64,
        variables=(
            CoxVariable(
                name="sex",
                label="Sex",
                rows=(ref("Female", 42, 12), row("Male", 170, 52, (1.21, 0.545))),
                univariable_p=0.545,
                note="not entered: univariable p ≥ 0.1" if cut else "eliminated",
            ),
            CoxVariable(
                name="arco",
                label="ARCO stage",
                rows=(
                    ref("I", 49, 10),
                    row("II", 108, 31, (1.35, 0.41), (1.22, 0.57)),
                    row("IIIA", 55, 23, (2.12, 0.005), (2.12, 0.037)),
                ),
                univariable_p=0.018,
                multivariable_p=0.041,
            ),
            CoxVariable(
                name="oedema",
                label="Bone marrow oedema",
                rows=(ref("No", 83, 15), row("Yes", 129, 49, (2.13, 0.011), (2.13, 0.010))),
                univariable_p=0.011,
                multivariable_p=0.010,
            ),
            angle,
        ),
    )


PERMUTED = {"p": 1 / 61, "permutations": 60}


def signatures_table(protocol: str) -> CoxTableFacts:
    return CoxTableFacts(
        protocol=protocol,
        continuous="as measured",
        standard_errors="model" if protocol == "published" else "cluster-robust",
        n=212,
        events=64,
        variables=tuple(
            CoxVariable(
                name=name,
                label=label,
                rows=(
                    CoxRow(
                        level="per unit",
                        n=212,
                        events=64,
                        univariable=wald(u, 0.00001).model_copy(update=permuted),
                        multivariable=wald(m, p).model_copy(update=permuted),
                    ),
                ),
                univariable_p=permuted.get("p", 0.00001),
                multivariable_p=permuted.get("p", p),
            )
            for name, label, u, m, p, permuted in (
                ("radiomics_signature", "Radiomics signature", 2.72, 1.91, 0.004, PERMUTED),
                ("dl_signature", "DL signature", 2.95, 2.20, 0.0007, PERMUTED),
                ("oedema", "Bone marrow oedema: yes", 2.13, 1.80, 0.041, {}),
            )
        ),
    )
