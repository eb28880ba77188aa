//! Shredding on segments: what is interrupted is finished by the next opening, and nothing keeps a destroyed key.
//! Left to others: the laws for every store (`contract`), power cuts at every operation (`schedules`).
