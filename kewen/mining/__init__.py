"""What a corpus says when it is counted: words, word vectors, clusters. No Keras.

Names are found when they are first used: a worker process that counts words needs
nothing of what clusters need.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from kewen.mining.communities.codes import HierarchicalCode, entropy, huffman_code
    from kewen.mining.communities.flow import stationary_distribution
    from kewen.mining.communities.infomap import InfoMap
    from kewen.mining.communities.map_equation import CodeLength, map_equation
    from kewen.mining.communities.neighbours import cluster_embeddings, knn_graph
    from kewen.mining.cooccurrences import Cooccurrence, cooccurrence
    from kewen.mining.corpus_documents import documents
    from kewen.mining.counting import WordCounter
    from kewen.mining.glove import GloVe
    from kewen.mining.lexicon import Lexicon
    from kewen.mining.new_words import NewWord, NewWords
    from kewen.mining.parallel import parallel_apply
    from kewen.mining.pmi_vectors import PMIWordVectors
    from kewen.mining.ppmi import ppmi_svd
    from kewen.mining.segmenter import Segmenter
    from kewen.mining.word2vec_files import read_word2vec, write_word2vec
    from kewen.mining.word_vectors import WordVectors

__all__ = [
    "CodeLength",
    "Cooccurrence",
    "GloVe",
    "HierarchicalCode",
    "InfoMap",
    "Lexicon",
    "NewWord",
    "NewWords",
    "PMIWordVectors",
    "Segmenter",
    "WordCounter",
    "WordVectors",
    "cluster_embeddings",
    "cooccurrence",
    "documents",
    "entropy",
    "huffman_code",
    "knn_graph",
    "map_equation",
    "parallel_apply",
    "ppmi_svd",
    "read_word2vec",
    "stationary_distribution",
    "write_word2vec",
]

_HOME_OF = {
    "CodeLength": "kewen.mining.communities.map_equation",
    "Cooccurrence": "kewen.mining.cooccurrences",
    "GloVe": "kewen.mining.glove",
    "HierarchicalCode": "kewen.mining.communities.codes",
    "InfoMap": "kewen.mining.communities.infomap",
    "Lexicon": "kewen.mining.lexicon",
    "NewWord": "kewen.mining.new_words",
    "NewWords": "kewen.mining.new_words",
    "PMIWordVectors": "kewen.mining.pmi_vectors",
    "Segmenter": "kewen.mining.segmenter",
    "WordCounter": "kewen.mining.counting",
    "WordVectors": "kewen.mining.word_vectors",
    "cluster_embeddings": "kewen.mining.communities.neighbours",
    "cooccurrence": "kewen.mining.cooccurrences",
    "documents": "kewen.mining.corpus_documents",
    "entropy": "kewen.mining.communities.codes",
    "huffman_code": "kewen.mining.communities.codes",
    "knn_graph": "kewen.mining.communities.neighbours",
    "map_equation": "kewen.mining.communities.map_equation",
    "parallel_apply": "kewen.mining.parallel",
    "ppmi_svd": "kewen.mining.ppmi",
    "read_word2vec": "kewen.mining.word2vec_files",
    "stationary_distribution": "kewen.mining.communities.flow",
    "write_word2vec": "kewen.mining.word2vec_files",
}


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'kewen.mining' has no attribute {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
