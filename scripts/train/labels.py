"""The thirteen labels, and which of them a source's own words mean.

Products, look-alikes that are sold beside them or confused with them, and everything else. Law is
not a label, and neither is the form: a bead of ivory is `ivory`, a bead of jade `ceramic_stone`.
"""

PRODUCTS = ("ivory", "rhino_horn", "pangolin_scale", "big_cat_part", "big_cat_skin")
LOOKALIKES = (
    "bone_antler",
    "bovid_horn",
    "wood",
    "ceramic_stone",
    "shell_scale",
    "synthetic",
    "live_animal",
)
LABELS = (*PRODUCTS, *LOOKALIKES, "other")
DESCRIPTOR = 256  # components of the copy descriptor
# The labels that photographs teach. A classifier of their own shares out what the label head gives
# them together: the head sees them among thirteen labels and in hard views, and weights not quite
# as trained cost it most here. Over all thirteen labels such a classifier names fewer real
# products, since renders alone teach the rest.
PHOTOGRAPHED = (
    "ivory",
    "bone_antler",
    "ceramic_stone",
    "shell_scale",
    "live_animal",
    "other",
)

MUSEUM = {
    "ivory": "ivory",
    "elephant_ivory": "ivory",
    "walrus_ivory": "ivory",
    "bone": "bone_antler",
    "ceramic": "ceramic_stone",
}
ANIMALS = frozenset(
    "Leopards ant bass beaver butterfly cougar_body cougar_face crab crayfish crocodile "
    "crocodile_head dalmatian dolphin dragonfly elephant emu flamingo flamingo_head gerenuk "
    "hawksbill hedgehog ibis kangaroo llama lobster mayfly octopus okapi panda pigeon platypus "
    "rhino rooster scorpion sea_horse tick wild_cat".split()
)
SHELLS = frozenset(("nautilus", "starfish", "trilobite"))


def caltech_label(kind: str) -> str:
    """The label of a Caltech-101 category.

    Cups, ewers and buddhas stay `other`: nobody recorded their material.
    """
    return "live_animal" if kind in ANIMALS else "shell_scale" if kind in SHELLS else "other"
