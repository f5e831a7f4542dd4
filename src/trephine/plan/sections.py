"""A study file by sections; every key has a default that suits the paper's kind of study."""

from __future__ import annotations

from typing import Self

from pydantic import (
    Field,
    field_validator,
    model_validator,
)

from trephine.choices import (
    DEFAULT_PROTOCOL,
    PlannedExecutor,
    ProtocolName,
)
from trephine.cohort.event_codes import CENSORED, EventCodes, spelt
from trephine.cohort.schema import FROM_ARCS, ClinicalVariable
from trephine.errors import MisfitError
from trephine.plan.data_section import DataSection
from trephine.plan.features_sections import DeepSection, FeaturesSection, RadiomicsSection
from trephine.plan.images_section import ImageSection, check_names, regions_of_other_images
from trephine.plan.limits_section import LimitsSection
from trephine.plan.outcome_values import Horizons, RiskCuts
from trephine.plan.section import PlanSection
from trephine.plan.selection_section import SelectionSection
from trephine.plan.time_points import check_changes, check_time_points
from trephine.plan.validation_section import ValidationSection
from trephine.types import TimeUnit, span_text


class StudySection(PlanSection):
    """``[study]``: title, protocol and seed."""

    title: str = Field(default="Untitled study", description="heads the report")
    protocol: ProtocolName = Field(
        default=DEFAULT_PROTOCOL,
        description="whose model goes into the bundle; the report always shows all",
    )
    seed: int = Field(default=2025, ge=0, description="seed of every random draw of the run")
    executor: PlannedExecutor = Field(
        default="local",
        description="who does the work: this process, processes of this machine, or a dask cluster"
        " of this machine; `--executor dask:ADDRESS` names another cluster",
    )
    simulated: str = Field(
        default="", description="a sentence that says how the data were simulated, if they were"
    )


# What a cell of the event column holds: a number, or a word.
CellCode = int | str


class OutcomeSection(PlanSection):
    """``[outcome]``: what is predicted and when."""

    name: str = Field(default="event-free survival", description="what is predicted, in texts")
    event: str = Field(default="event", description="the event's name in texts")
    event_code: CellCode | tuple[CellCode, ...] = Field(
        default=1,
        description="what the event column holds where the event was seen, a number, a word or"
        " several; 0 is always follow-up that ended without any",
    )
    competing: dict[str, CellCode | tuple[CellCode, ...]] = Field(
        default_factory=dict,
        description="events after which this one cannot happen any more or no longer counts, by"
        " name, with what the event column holds for each: `{ death = 2, replacement = [3, 4] }`;"
        " models then take them for the end of follow-up, and the report gives the incidence of"
        " each beside what ignoring them would have said",
    )
    unit: TimeUnit = Field(default="months", description="of the time column and the horizons")
    horizons: Horizons = Field(
        default=(36.0, 60.0),
        min_length=1,
        max_length=4,
        description="times, one to four, at which predictions are made and judged",
    )
    landmark: float | None = Field(
        default=None,
        gt=0,
        description="time after the start from which on is predicted, for what becomes known only"
        " later (a measure at the visit after 6 months): cases whose event or end of follow-up came"
        " by then are left out and counted, and times and horizons count from there",
    )
    risk_cuts: RiskCuts = Field(
        default=(),
        max_length=3,
        description="event probabilities that divide the risk groups (at the first horizon) and the"
        " categories of the NRI; by default groups are divided at the median in training",
    )

    @model_validator(mode="after")
    def _told_apart(self) -> Self:
        every = [*self.codes.event, *(c for own in self.codes.competing.values() for c in own)]
        if CENSORED in every:
            raise MisfitError("competing", "codes other than 0, which means that none was seen")
        if len(set(every)) < len(every):
            raise MisfitError("competing", "each code for one event alone", str(every))
        if not all(self.codes.competing.values()) or not self.codes.event:
            raise MisfitError("competing", "a code at least for each event")
        if self.event in self.competing:
            raise MisfitError("competing", f"names other than the event's, {self.event!r}")
        return self

    @property
    def full_name(self) -> str:
        """What is predicted, with the landmark where there is one."""
        if self.landmark is None:
            return self.name
        return f"{self.name} from {span_text(self.landmark, self.unit)} on"

    @property
    def codes(self) -> EventCodes:
        """What the cells of the event column mean."""
        return EventCodes(
            _spelt(self.event_code), {name: _spelt(own) for name, own in self.competing.items()}
        )


def _spelt(codes: CellCode | tuple[CellCode, ...]) -> tuple[str, ...]:
    return tuple(map(spelt, codes)) if isinstance(codes, tuple) else (spelt(codes),)


class ModelsSection(PlanSection):
    """``[models]``: what each model is made of; by default the four of the paper."""

    parts: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description='model name to parts: "clinical" or the name of a feature set',
    )
    harm: dict[str, float] = Field(
        default_factory=dict,
        description="model name to what its data cost, in net benefit, for the decision curves"
        " (0.02: one true positive in 50 cases)",
    )

    @field_validator("harm")
    @classmethod
    def _costs(cls, harm: dict[str, float]) -> dict[str, float]:
        if any(not 0 <= cost < 1 for cost in harm.values()):
            raise MisfitError("", "a net benefit from 0 to below 1 for each model")
        return harm


class StudyPlan(PlanSection):
    """A whole study; see ``docs/study-file.md`` for each key."""

    study: StudySection = StudySection()
    data: DataSection
    outcome: OutcomeSection = OutcomeSection()
    images: dict[str, ImageSection] = Field(default_factory=dict)
    clinical: dict[str, ClinicalVariable] = Field(default_factory=dict)
    features: FeaturesSection | None = None
    radiomics: RadiomicsSection = RadiomicsSection()
    deep: DeepSection = DeepSection()
    selection: SelectionSection = SelectionSection()
    models: ModelsSection = ModelsSection()
    validation: ValidationSection = ValidationSection()
    limits: LimitsSection = LimitsSection()

    @field_validator("images")
    @classmethod
    def _drawn_elsewhere(cls, images: dict[str, ImageSection]) -> dict[str, ImageSection]:
        return regions_of_other_images(images)

    @model_validator(mode="after")
    def _has_centres(self) -> Self:
        if self.selection.harmonise != "none" and self.data.columns.centre is None:
            expected = "a column of centres, under [data] columns.centre"
            raise MisfitError("selection.harmonise", expected)
        return self

    @model_validator(mode="after")
    def _has_one_kind_of_images(self) -> Self:
        data = self.data
        if self.images and data.image is not None:
            expected = "either image of [data] or sections [images.NAME]"
            raise MisfitError("images", expected, "both")
        if data.manifest is not None and data.image is None and not self.images:
            expected = "image beside it, which names the list's column"
            raise MisfitError("data.manifest", expected, "none")
        stated = [key for key in ("mask_label", "modality", "view") if key in data.model_fields_set]
        if self.images and stated:
            raise MisfitError(f"data.{stated[0]}", "it under each [images.NAME]", "it here")
        check_names(self.images, "images")
        taken = {"clinical", "combined"} & {name.casefold() for name in self.images}
        if taken:
            found = repr(sorted(taken)[0])
            raise MisfitError("images", "names that no model has by itself", found)
        for name, section in self.images.items():
            by_side = any(isinstance(label, dict) for label in section.labels.values())
            if by_side and not data.columns.has_sides:
                where = f"images.{name}.{'regions' if section.regions else 'mask_label'}"
                expected = "a column of the side ([data.columns] side or sides) for labels by side"
                raise MisfitError(where, expected, "none")
            section.deep_over(self.deep)
            section.radiomics_over(self.radiomics).check_grey(
                f"images.{name}.radiomics", section.modality
            )
            if section.missing == "impute" and self.selection.harmonise != "none":
                expected = 'selection.harmonise = "none" beside missing = "impute"'
                raise MisfitError(f"images.{name}.missing", expected, self.selection.harmonise)
        if not self.images:
            self.radiomics.check_grey("radiomics", data.modality)
        check_time_points(self.images, self.outcome.landmark, self.outcome.unit)
        check_changes(self.images, self.radiomics)
        return self

    @model_validator(mode="after")
    def _has_measures(self) -> Self:
        drawn = [key for key, variable in self.clinical.items() if variable.is_drawn]
        if drawn and not self.data.measures:
            computed = self.clinical[drawn[0]].measure in FROM_ARCS
            expected = "a rater's table of measures, under [data] measures"
            if computed:
                expected += ", or arcs, the two columns from which it is computed"
            raise MisfitError(f"clinical.{drawn[0]}.measure", expected, "none")
        return self

    @model_validator(mode="after")
    def _has_subgroups(self) -> Self:
        known = [*self.clinical, *(["centre"] if self.data.columns.centre is not None else [])]
        asked = self.validation.subgroups
        unknown = [key for key in asked if key not in known]
        if unknown or len(set(asked)) < len(asked):
            expected = f"each once, among {known}" if known else "none without clinical variables"
            raise MisfitError("validation.subgroups", expected, str(list(asked)))
        if asked and self.validation.repeats == 0:
            expected = "repeats = 1 or more where there are subgroups: they are judged out of fold"
            raise MisfitError("validation.subgroups", expected, "repeats = 0")
        return self

    @model_validator(mode="after")
    def _interactions_of_variables(self) -> Self:
        self.selection.check_interactions(list(self.clinical))
        return self

    @model_validator(mode="after")
    def _has_event_codes(self) -> Self:
        if self.data.columns.event_date is not None and not self.outcome.codes.plain:
            expected = (
                "a column of codes, under [data] columns.event, instead of event_date: what"
                " happened first, with `last` the date on which it did"
            )
            raise MisfitError("outcome.competing", expected)
        return self

    @model_validator(mode="after")
    def _between_visits(self) -> Self:
        if not self.data.columns.by_visits:
            return self
        if not self.outcome.codes.plain:
            expected = "one event where visits saw it ([data.columns] first_seen): codes 0 and 1"
            raise MisfitError("outcome.competing", expected)
        if self.outcome.landmark is not None:
            expected = "none where visits saw the event ([data.columns] first_seen)"
            raise MisfitError("outcome.landmark", expected, str(self.outcome.landmark))
        if self.selection.separation == "firth":
            expected = '"leave out" where visits saw the event: Firth\'s likelihood is of times'
            raise MisfitError("selection.separation", expected, '"firth"')
        return self

    @model_validator(mode="after")
    def _under_observation(self) -> Self:
        if self.data.columns.entry is None:
            return self
        late = "where cases came under observation late ([data.columns] entry)"
        method = self.validation.calibration_curve
        if self.outcome.competing:
            raise MisfitError("outcome.competing", f"one event {late}")
        if self.selection.missing_clinical == "multiple":
            raise MisfitError("selection.missing_clinical", f"drop or impute {late}", '"multiple"')
        if self.deep.finetune is not None:
            raise MisfitError("deep.finetune", f"no such section {late}", "one")
        if method not in ("hazard", "hazard spline"):
            raise MisfitError(
                "validation.calibration_curve", f"hazard or hazard spline {late}", method
            )
        return self

    @model_validator(mode="after")
    def _relaxed_hazards(self) -> Self:
        for key, how in self.validation.hazards.items():
            where = f"validation.hazards.{key}"
            if key not in self.clinical:
                raise MisfitError(where, f"a variable among {list(self.clinical)}")
            variable = self.clinical[key]
            if how == "stratify" and not variable.levels:
                raise MisfitError(where, "a variable with levels to stratify by", "a number")
            if variable.spline is not None:
                raise MisfitError(where, "a variable that is no spline", "one")
            if not isinstance(how, str) and how <= 0:
                raise MisfitError(where, "a time > 0", f"{how:g}")
        return self

    @model_validator(mode="after")
    def _judged_where_events_compete(self) -> Self:
        if self.validation.restricted_mean and self.outcome.competing:
            expected = "false where [outcome] names competing events: nobody's time ends with one"
            raise MisfitError("validation.restricted_mean", expected, "true")
        method = self.validation.calibration_curve
        if self.outcome.competing and method not in ("hazard", "hazard spline"):
            expected = "hazard or hazard spline where [outcome] names competing events"
            raise MisfitError("validation.calibration_curve", expected, method)
        return self

    @property
    def has_images(self) -> bool:
        """Whether features are extracted from the one image of a case that ``[data]`` names."""
        return self.data.image is not None and bool(self.data.raters)

    @property
    def has_any_image(self) -> bool:
        """Whether features are extracted from images, one of a case or several."""
        return self.has_images or bool(self.images)
