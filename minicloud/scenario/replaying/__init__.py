"""A kept run again: up to a moment, to look around; with other endings, to see when it turned."""

from minicloud.scenario.replaying.again import case_of
from minicloud.scenario.replaying.moment import Moment, moment_of, replay_until
from minicloud.scenario.replaying.turning import Point, Turning, turning_point

__all__ = ["Moment", "Point", "Turning", "case_of", "moment_of", "replay_until", "turning_point"]
