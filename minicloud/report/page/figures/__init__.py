"""What a page says in numbers: how long, how often, how much of the time, how many messages."""

from minicloud.report.page.figures.all import Figures, figures_of
from minicloud.report.page.figures.network import network_of

__all__ = ["Figures", "figures_of", "network_of"]
