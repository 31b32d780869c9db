"""Command-line flags of a signal, alike wherever one is computed."""

import argparse

from align.signals import RELABELLINGS, SIGNALS, Options


def add_signal_flags(parser, required: bool = True) -> None:
    parser.add_argument("--signal", choices=tuple(SIGNALS), required=required)
    parser.add_argument("--risk-aversion", type=float, default=Options.risk_aversion, help="deviations off the mean")
    parser.add_argument("--cvar-share", type=float, default=Options.cvar_share, help="worst share that is averaged")
    parser.add_argument("--rating-threshold", type=int, default=Options.rating_threshold, help="of content, 1 to K")
    parser.add_argument("--relabelling", choices=tuple(RELABELLINGS), default=Options.relabelling)
    parser.add_argument("--doubt-aversion", type=float, default=Options.doubt_aversion, help="an ensemble's deviations")


def signal_options(args: argparse.Namespace) -> Options:
    return Options(args.risk_aversion, args.cvar_share, args.rating_threshold, args.relabelling, args.doubt_aversion)
