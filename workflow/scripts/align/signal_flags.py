"""Command-line flags of a signal, alike wherever one is computed."""

import argparse
from dataclasses import fields

from align.signals import RELABELLINGS, SIGNALS, SignalOptions


def add_signal_flags(parser, required: bool = True) -> None:
    default = SignalOptions()
    parser.add_argument("--signal", choices=tuple(SIGNALS), required=required)
    parser.add_argument("--risk-aversion", type=float, default=default.risk_aversion, help="deviations off the mean")
    parser.add_argument("--cvar-share", type=float, default=default.cvar_share, help="worst share that is averaged")
    parser.add_argument("--rating-threshold", type=int, default=default.rating_threshold, help="of content, 1 to K")
    parser.add_argument("--relabelling", choices=tuple(RELABELLINGS), default=default.relabelling)
    parser.add_argument("--doubt-aversion", type=float, default=default.doubt_aversion, help="an ensemble's deviations")


def signal_options(args: argparse.Namespace) -> SignalOptions:
    return SignalOptions(**{field.name: getattr(args, field.name) for field in fields(SignalOptions)})
