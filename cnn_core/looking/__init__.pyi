from .lookers import Asked as Asked
from .lookers import GivenUp as GivenUp
from .lookers import Lookers as Lookers
from .question import Question as Question
from .work import LIGHT as LIGHT
from .work import Speeds as Speeds
from .work import Work as Work
from .work import work_of as work_of
