let right = 1;
let wrong: String = right;
