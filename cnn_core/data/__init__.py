"""Images as tensors, and what may be done to them: data sets, augmentation, and a visitor's own digit."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach(
    __name__,
    submod_attrs={
        "sources": ["DATASETS", "Availability", "available"],
        "datasets": ["ImageSet", "load_images"],
        "splits": ["split_sizes"],
        "fetching": ["Fetch", "fetch_in_background"],
        "augment_spec": ["AugmentSpec", "keras_line", "torchvision_line"],
        "augment": ["AffineParams", "sample_affine", "apply_affine", "affine_matrices"],
        "digits": ["centre_digit", "digit_from_pixels", "digit_from_upload", "photo_from_upload"],
    },
)
