"""Money in whole fen, exact. Leaves what an amount is for to the records."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Dict, Union

Number = Union[str, int, Decimal]


@dataclass(frozen=True)
class Money:
    """An amount in fen."""

    fen: int

    @property
    def yuan(self) -> Decimal:
        """The amount in yuan, with two decimals."""
        return (Decimal(self.fen) / 100).quantize(Decimal("0.01"))

    def to_json(self) -> Dict[str, object]:
        """`google.type.Money`; units and nanos have the same sign."""
        whole, rest = divmod(abs(self.fen), 100)
        sign = -1 if self.fen < 0 else 1
        return {"currencyCode": "CNY", "units": str(sign * whole), "nanos": sign * rest * 10_000_000}


def _exact(amount: Number, fen_each: int) -> Money:
    if isinstance(amount, (bool, float)):
        raise ValueError("an amount is text, int or Decimal: a float has lost some already")
    try:
        scaled = Decimal(amount) * fen_each
    except InvalidOperation:
        raise ValueError("an amount is a decimal number") from None
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError("an amount has no fractions of a fen: it is never rounded")
    return Money(int(scaled))


def yuan(amount: Number) -> Money:
    """An amount in yuan: `yuan("7.58")`."""
    return _exact(amount, 100)


def wan_yuan(amount: Number) -> Money:
    """An amount in ten thousands of yuan: `wan_yuan("7.58")` is 75,800 yuan."""
    return _exact(amount, 1_000_000)


def fen(amount: int) -> Money:
    """An amount in fen."""
    if isinstance(amount, bool) or not isinstance(amount, int):
        raise ValueError("fen are whole: an int")
    return Money(amount)
