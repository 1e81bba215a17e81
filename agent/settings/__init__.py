"""What a deployment decides: the settings, their file, and the file that a new deployment starts from."""

from agent.settings.load import find_settings_file, load_settings
from agent.settings.model import Settings
from agent.settings.template import settings_template

__all__ = ["Settings", "find_settings_file", "load_settings", "settings_template"]
