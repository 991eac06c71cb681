"""An experiment: one factor, and the levels it is moved through while all else stays the same."""

from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from kvjob.study.config import TrainConfig

Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9_-]{0,48}[a-z0-9])?$")]


LevelName = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9_.+-]{0,48}[A-Za-z0-9])?$")]


class Level(BaseModel):
    """One setting of a factor."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: LevelName
    """Short name in tables, keys, labels and file names."""
    label: str = Field("", max_length=100)
    """Name in figures and prose; the short name unless given."""
    changes: dict[str, Any] = Field(min_length=1)
    """Fields of TrainConfig that this level sets, and their values."""

    @model_validator(mode="before")
    @classmethod
    def _label_follows_name(cls, values: Any) -> Any:
        return {"label": values.get("name", ""), **values} if isinstance(values, dict) else values


class Experiment(BaseModel):
    """A factor and its levels.

    In YAML, `levels` may be plain values of the field `factor`: `levels: [0.001, 0.0001]`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name
    title: str = Field("", max_length=200)
    """Heading in the report; the name unless given."""
    question: str = Field("", max_length=500)
    """What the experiment asks, as one sentence."""
    factor: str
    """The field of TrainConfig that the levels move."""
    unit: str = Field("", max_length=20)
    """Unit of the levels' values, if they have one."""
    levels: tuple[Level, ...] = Field(min_length=1, max_length=100)

    @model_validator(mode="before")
    @classmethod
    def _levels_from_values(cls, values: Any) -> Any:
        if not isinstance(values, dict) or not isinstance(values.get("levels"), list | tuple):
            return values
        factor = values.get("factor", values.get("name"))
        if not isinstance(factor, str):
            return values
        levels = [
            item if isinstance(item, dict | Level) else {"name": str(item), "changes": {factor: item}}
            for item in values["levels"]
        ]
        return {"title": values.get("name", ""), **values, "factor": factor, "levels": levels}

    @model_validator(mode="after")
    def _fields_exist(self) -> Self:
        known = set(TrainConfig.model_fields)
        for field in (self.factor, *(field for level in self.levels for field in level.changes)):
            if field not in known:
                raise ValueError(f"unknown field {field!r}; the fields are {', '.join(sorted(known))}")
        names = [level.name for level in self.levels]
        if len(set(names)) != len(names):
            raise ValueError(f"a level is named twice in {', '.join(names)}")
        return self
