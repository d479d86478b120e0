"""What happens to the images, and what the words of training mean."""

from __future__ import annotations

import streamlit as st


def explained() -> None:
    """What happens to the data, and what the words on this page mean; for whoever wants to know."""
    st.space("small")
    with st.expander("What happens to the images before the network sees them"):
        st.markdown(
            "**Loaded.** MNIST is 60,000 small scans of handwritten digits to learn from and 10,000 to be tested on, "
            "each with the digit its writer meant.\n\n"
            "**Reshaped.** A digit is 28 rows of 28 grey values. A convolution also wants to know how many channels "
            "an image has: one for grey, three for colour. So 64 digits are a block of 64×28×28×1 numbers.\n\n"
            "**Scaled.** A grey value is stored as a whole number from 0, black, to 255, white. Divided by 255 it lies "
            "between 0 and 1, where the first weights, small and random, neither drown nor explode.\n\n"
            "**One-hot encoded.** The label 7 becomes ten numbers: a 1 in place 7, zeros elsewhere. The network also "
            "answers with ten numbers, its probabilities, and the two lists can be compared place by place."
        )
    with st.expander("What optimiser, loss, batch and epoch mean"):
        st.markdown(
            "**Loss.** How wrong the answer is, in one number. Here it is cross-entropy: minus the logarithm of the "
            "probability given to the right digit. Sure and right costs almost nothing, sure and wrong costs a lot; a "
            "network that knows nothing gives each digit 10 % and pays 2.3.\n\n"
            "**Batch.** The network looks at a handful of images, 64 in the lesson, before it changes. Fewer make the "
            "direction noisy, more make each step slow.\n\n"
            "**Optimiser.** The rule that turns the slope of the loss into a step for every weight. RMSprop, the "
            "lesson’s, divides each slope by its own recent size, so that quiet weights learn as fast as loud ones. "
            "The **learning rate** is how long the step is: too small and nothing happens, too large and the loss "
            "jumps about or becomes infinite. Try it while a run goes on.\n\n"
            "**Epoch.** Once through all training images, in a new order each time.\n\n"
            "**Training, validation, test.** The network learns from the first, you decide by the second, and the "
            "third is opened once, at the end, so that nothing was chosen to please it."
        )
