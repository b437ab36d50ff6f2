"""The presets whose own code generate_models.py runs, in the files of include/ropewalk/models."""


def all_presets():
    """Every preset, and the library (with its version) whose code it is."""
    from . import audio, diffusers_code, hugging_face, image, language, video, vision

    libraries = {
        video: diffusers_code.VERSION,
        image: diffusers_code.VERSION,
        audio: diffusers_code.VERSION,
        language: hugging_face.VERSION,
        vision: hugging_face.VERSION,
    }
    return [
        (preset, preset.library or library)
        for module, library in libraries.items()
        for preset in module.presets()
    ]
