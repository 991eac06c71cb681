"""What a paper on such a study cites."""

ENTRIES = {
    "deeplab": r"""L.-C. Chen, Y. Zhu, G. Papandreou, F. Schroff, and H. Adam, ``Encoder-decoder with atrous
separable convolution for semantic image segmentation,'' in \emph{Proc. ECCV}, 2018.""",
    "kvasir": r"""D. Jha \emph{et al.}, ``Kvasir-Instrument: Diagnostic and therapeutic tool segmentation
dataset in gastrointestinal endoscopy,'' in \emph{Proc. MultiMedia Modeling}, 2021.""",
    "nanonet": r"""D. Jha \emph{et al.}, ``NanoNet: Real-time polyp segmentation in video capsule endoscopy
and colonoscopy,'' in \emph{Proc. IEEE CBMS}, 2021.""",
    "bootstrap": r"""B. Efron and R. J. Tibshirani, \emph{An Introduction to the Bootstrap}. Chapman \& Hall,
1993.""",
    "satterthwaite": r"""F. E. Satterthwaite, ``An approximate distribution of estimates of variance
components,'' \emph{Biometrics Bulletin}, vol. 2, no. 6, pp. 110--114, 1946.""",
    "holm": r"""S. Holm, ``A simple sequentially rejective multiple test procedure,'' \emph{Scandinavian J.
Statistics}, vol. 6, no. 2, pp. 65--70, 1979.""",
}
"""LaTeX of each entry by its key."""

SOURCES = {"Jha et al. 2021": "kvasir", "NanoNet, Jha et al. 2021": "nanonet"}
"""Key of the entry for a source of published results, by its name in published.json."""


def cited(text: str) -> list[tuple[str, str]]:
    r"""Key and LaTeX of the entries that text cites with \cite, in the order in which it does."""
    keys = [part.partition("}")[0] for part in text.split(r"\cite{")[1:]]
    return [(key, ENTRIES[key]) for key in dict.fromkeys(keys)]
