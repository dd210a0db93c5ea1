"""The form in which values of a type are transferred, from the type's catalog entry."""

from dataclasses import dataclass

from transforms.postgres.catalog.field_names import ROW_FIELD
from transforms.postgres.codec.column import DIGITS_MOST, Column, Form

# Oids of built-in types never change (src/include/catalog/pg_type.dat). The types of the form TEXT are those
# whose binary form is their text; every type that is not listed is written by its output function.
_FORMS = {
    16: Form.BOOL,
    17: Form.BYTES,
    19: Form.TEXT,  # name
    20: Form.INT8,
    21: Form.INT2,
    23: Form.INT4,
    25: Form.TEXT,
    114: Form.TEXT,  # json
    700: Form.FLOAT4,
    701: Form.FLOAT8,
    1042: Form.TEXT,  # bpchar
    1043: Form.TEXT,  # varchar
    1082: Form.DATE,
    1083: Form.TIME,
    1114: Form.TIMESTAMP,
    1184: Form.TIMESTAMPTZ,
    1700: Form.NUMERIC,
    2950: Form.UUID,
    3802: Form.JSONB,
}
_HEADER = 4  # VARHDRSZ, which is added to the modifier of a numeric (make_numeric_typmod in numeric.c)

PRESENCE = Column(name="", field=ROW_FIELD, type="", base="", form=Form.PRESENCE)


@dataclass(frozen=True, slots=True)
class BaseType:
    """A column's type below all domains, and the modifier that counts for the column.

    Attributes:
        oid: Its oid.
        kind: `typtype`: `"b"`, `"e"` for an enum, and others.
        name: Its name without schema.
        of_extension: Whether it belongs to an extension.
        modifier: The modifier of the column or of the lowest domain, -1 for none.
    """

    oid: int
    kind: str
    name: str
    of_extension: bool = False
    modifier: int = -1

    @property
    def form(self) -> Form:
        """The form in which its values are transferred."""
        if self.kind == "e" or (self.of_extension and self.name == "citext"):
            return Form.TEXT
        form = _FORMS.get(self.oid, Form.OUTPUT)
        return form if form is not Form.NUMERIC or self._is_decimal() else Form.OUTPUT

    def digits(self) -> tuple[int, int]:
        """Precision and scale of a decimal that Avro's readers accept, else two zeros."""
        return self._declared() if self.form is Form.NUMERIC else (0, 0)

    def _is_decimal(self) -> bool:
        precision, scale = self._declared()
        return 0 < precision <= DIGITS_MOST and 0 <= scale <= precision

    def _declared(self) -> tuple[int, int]:
        """Precision and scale; the scale has 11 bits with a sign since PostgreSQL 15, and was at most 1000 before."""
        if self.modifier < _HEADER:
            return (0, 0)
        packed = self.modifier - _HEADER
        return (packed >> 16) & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024
