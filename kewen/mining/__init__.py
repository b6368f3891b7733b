"""What a corpus says when it is counted: words, word vectors, clusters. No Keras."""

from kewen.mining.communities.codes import HierarchicalCode, entropy, huffman_code
from kewen.mining.communities.flow import stationary_distribution
from kewen.mining.communities.infomap import InfoMap
from kewen.mining.communities.map_equation import CodeLength, map_equation

__all__ = [
    "CodeLength",
    "HierarchicalCode",
    "InfoMap",
    "entropy",
    "huffman_code",
    "map_equation",
    "stationary_distribution",
]
