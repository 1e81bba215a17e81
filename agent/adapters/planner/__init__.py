"""A planner in a process of its own."""

from agent.adapters.planner.process import PlannerProcess, environment
from agent.adapters.planner.serving import serve

__all__ = ["PlannerProcess", "environment", "serve"]
