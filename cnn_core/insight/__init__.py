"""Looking inside any trained net: what each layer sees, and why the answer is what it is."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "twin": ["frozen", "frozen_up_to", "layer_names"],
        "features": ["feature_maps", "feature_maps_batch", "dark", "never_fires"],
        "fields": ["Field", "Span", "receptive_field"],
        "pixel": ["Contribution", "PixelSum", "explain_pixel"],
        "ascent": ["RECIPES", "AscentRecipe", "FilterPictures", "maximize_filters"],
        "examples": ["Examples", "FilterCard", "filter_card", "strongest_examples"],
        "dream_spec": ["DreamSpec"],
        "deepdream": ["dream", "dream_layers", "enlarged", "loudness"],
        "animation": ["animated", "on_the_photo"],
        "photo": ["DEPTHS", "GOOGLENET_DEPTHS", "googlenet_file", "photo_network", "photos"],
        "embedding": ["last_hidden_layer", "map_of_images"],
        "attribution": ["METHODS", "Attribution", "attribute", "default_layer"],
        "replaying": ["Frame", "replay"],
        "convolution": [
            "NAMED_KERNELS",
            "Sweep",
            "change",
            "checked_kernel",
            "kept_by_max",
            "named_kernel",
            "nudge",
            "output_size",
            "pool",
            "sweep",
        ],
        "cat_face": ["Stage", "cat_photo", "cat_stages", "spotlight"],
        "small_pictures": ["ring", "small_cat"],
        "quiz": ["Question", "Verdict", "ask", "mark"],
    },
)
