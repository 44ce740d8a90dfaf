"""Percentages as people see them: cut to two decimals, never rounded up over a threshold."""

import math

# 0.29 * 100 is 28.999999999999996 in binary; a hundred-millionth of a step gives such values back what they meant.
_SLACK = 1e-6


def cut(percentage: float) -> float:
    """Return a percentage from 0 to 100 cut, not rounded, to two decimals: 89.999 is 89.99 and meets no 90."""
    return min(100.0, max(0.0, math.floor(percentage * 100 + _SLACK) / 100))
